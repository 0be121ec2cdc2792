/** `${rfc2047:…}`. Spec ch. 11 "Expansion operators", RFC 2047. */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { encodeText } from '../encoded-words.ts';
import { defaultCharset } from '../header-value.ts';

export default defineOperator({
  name: 'rfc2047',
  summary: 'As encoded words when it holds what header lines may not; the charset is headers_charset.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${rfc2047:abc}', 'abc'],
    ['${rfc2047:a?b}', '=?UTF-8?Q?a=3Fb?='],
  ],
  apply: (text, frame) => derived(encodeText(text.octets, frame.config.main.headers_charset ?? defaultCharset), text),
});
