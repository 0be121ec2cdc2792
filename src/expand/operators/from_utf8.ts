/** `${from_utf8:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { latin1FromUtf8 } from '../utf8.ts';

export default defineOperator({
  name: 'from_utf8',
  summary: 'UTF-8 as ISO-8859-1; what that has not is an underscore.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${from_utf8:\\xc3\\xa9\\xe2\\x82\\xac}', 'é_']],
  transform: (text) => derived(latin1FromUtf8(text.octets), text),
});
