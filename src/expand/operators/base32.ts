/** `${base32:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { mapText } from '../branches.ts';
import { toBase32 } from '../digits.ts';

export default defineOperator({
  name: 'base32',
  summary: 'A decimal number in base 32.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${base32:1000}', '7i'],
    ['${base32:0}', ''],
    ['${base32:x}', { kind: 'fail', message: 'argument for base32 operator is "x", which is not a decimal number' }],
  ],
  transform: (text) => mapText(toBase32(text.octets), text),
});
