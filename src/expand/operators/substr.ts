/** `${substr_n:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { applySuffixed, substring } from '../substring.ts';

export default defineOperator({
  name: 'substr',
  aliases: ['s'],
  summary: 'A part of a string: start, length, subject. A negative start counts from the end. The numbers stand after underscores.',
  spec: 'ch. 11 "Expansion operators"',
  needsSuffix: true,
  examples: [
    ['${substr_1_2:abcd}', 'bc'],
    ['${s_-1:abcde}', 'abcd'],
  ],
  transform: (text, suffix = '', name = 'substr') => applySuffixed(name, substring, text, suffix, 2, true),
});
