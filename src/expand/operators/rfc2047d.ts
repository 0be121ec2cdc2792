/** `${rfc2047d:…}`. Spec ch. 11 "Expansion operators", RFC 2047. */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { decodeWords, defaultCharset } from '../header-value.ts';

export default defineOperator({
  name: 'rfc2047d',
  summary: 'With encoded words decoded into headers_charset.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${rfc2047d:=?us-ascii?B?YWJj?=}', 'abc']],
  apply: (text, frame) => derived(decodeWords(text.octets, frame, frame.config.main.headers_charset ?? defaultCharset), text),
});
