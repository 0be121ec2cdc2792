/** `${length_n:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { applySuffixed, initialPart } from '../substring.ts';

export default defineOperator({
  name: 'length',
  aliases: ['l'],
  summary: 'The first octets of a string. The numbers stand after underscores.',
  spec: 'ch. 11 "Expansion operators"',
  needsSuffix: true,
  examples: [
    ['${length_2:abc}', 'ab'],
    ['${l_2:abc}', 'ab'],
  ],
  transform: (text, suffix = '', name = 'length') => applySuffixed(name, initialPart, text, suffix, 1, false),
});
