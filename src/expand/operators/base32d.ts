/** `${base32d:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { mapText } from '../branches.ts';
import { fromBase32 } from '../digits.ts';

export default defineOperator({
  name: 'base32d',
  summary: 'A number in base 32 in decimal.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${base32d:7i}', '1000'],
    ['${base32d:1}', { kind: 'fail', message: 'argument for base32d operator is "1", which is not a base 32 number' }],
  ],
  transform: (text) => mapText(fromBase32(text.octets), text),
});
