/** `${base64d:…}`. Spec ch. 11 "Expansion operators", RFC 4648 s4. */
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';
import { decodeBase64 } from '../digits.ts';

export default defineOperator({
  name: 'base64d',
  summary: 'What a base64 string stands for.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${base64d:YWJj}', 'abc'],
    ['${base64d:!!}', { kind: 'fail', message: 'string "!!" is not well-formed for "base64d" operator' }],
  ],
  transform: (text) => {
    const bytes = decodeBase64(text.octets);
    return bytes === undefined ? fail(`string "${text.octets}" is not well-formed for "base64d" operator`) : derived(bytes, text);
  },
});
