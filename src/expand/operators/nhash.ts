/** `${nhash_n:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { applySuffixed, numericallyHashed } from '../substring.ts';

export default defineOperator({
  name: 'nhash',
  aliases: ['nh'],
  summary: 'One number, or two with a slash between, made from the octets of a string. The numbers stand after underscores.',
  spec: 'ch. 11 "Expansion operators"',
  needsSuffix: true,
  examples: [['${nhash_8_64:supercalifragilisticexpialidocious}', '6/33']],
  transform: (text, suffix = '', name = 'nhash') => applySuffixed(name, numericallyHashed, text, suffix, 2, false),
});
