/** `${strlen:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { untainted } from '../../core/text.ts';

export default defineOperator({
  name: 'strlen',
  summary: 'The length of the string, in octets.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${strlen:}', '0'],
    ['${strlen:\\xc3\\xa9}', '2'],
  ],
  transform: (text) => untainted(String(text.octets.length)),
});
