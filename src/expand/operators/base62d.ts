/** `${base62d:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { mapText } from '../branches.ts';
import { fromBase62Digits } from '../digits.ts';

export default defineOperator({
  name: 'base62d',
  summary: 'A number in base 62 in decimal.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${base62d:G8}', '1000'],
    ['${base62d:!}', { kind: 'fail', message: 'argument for base62d operator is "!", which is not a base 62 number' }],
  ],
  transform: (text) => mapText(fromBase62Digits(text.octets), text),
});
