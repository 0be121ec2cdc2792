/** `${base62:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { mapText } from '../branches.ts';
import { toBase62Digits } from '../digits.ts';

export default defineOperator({
  name: 'base62',
  summary: 'A decimal number in base 62, six digits.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${base62:1000}', '0000G8'],
    ['${base62:x}', { kind: 'fail', message: 'argument for base62 operator is "x", which is not a decimal number' }],
  ],
  transform: (text) => mapText(toBase62Digits(text.octets), text),
});
