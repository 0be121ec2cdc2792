/** `${uc:…}`. Spec ch. 11 "Expansion operators". */
import { upperCase } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { sameSpans } from '../../core/text.ts';

export default defineOperator({
  name: 'uc',
  summary: 'The letters a-z in upper case.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${uc:abc}', 'ABC']],
  transform: (text) => sameSpans(upperCase(text.octets), text),
});
