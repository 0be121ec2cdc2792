/** `${rxquote:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'rxquote',
  summary: 'A backslash before everything but letters and digits, for use in a regular expression.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${rxquote:a.b-c}', 'a\\.b\\-c']],
  transform: (text) => derived(text.octets.replace(/[^0-9A-Za-z]/g, '\\$&'), text),
});
