/** `${hash_n:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { applySuffixed, hashed } from '../substring.ts';

export default defineOperator({
  name: 'hash',
  aliases: ['h'],
  summary: 'A shorter string of letters and digits made from the octets of a string. The numbers stand after underscores.',
  spec: 'ch. 11 "Expansion operators"',
  needsSuffix: true,
  examples: [
    ['${hash_3:monty}', 'jmg'],
    ['${h:abc}', { kind: 'fail', message: 'missing values after h' }],
    ['${h_4_62:monty python}', 'fbWx'],
  ],
  transform: (text, suffix = '', name = 'hash') => applySuffixed(name, hashed, text, suffix, 2, false),
});
