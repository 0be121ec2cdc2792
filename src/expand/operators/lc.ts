/** `${lc:…}`. Spec ch. 11 "Expansion operators". */
import { lowerCase } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { sameSpans } from '../../core/text.ts';

export default defineOperator({
  name: 'lc',
  summary: 'The letters A-Z in lower case.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${lc:ABC}', 'abc']],
  transform: (text) => sameSpans(lowerCase(text.octets), text),
});
