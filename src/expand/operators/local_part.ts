/** `${local_part:…}`. Spec ch. 11 "Expansion operators", RFC 5322 s3.4. */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { addressIn } from '../address-text.ts';

export default defineOperator({
  name: 'local_part',
  summary: 'The local part, with its quotes, of the address in a header-like string; nothing when it cannot be parsed.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${local_part:Foo <a@b.example>}', 'a'],
    ['${local_part:"a b"@c}', '"a b"'],
  ],
  apply: (text, { config }) => derived(addressIn(text.octets, config.main.allow_utf8_domains)?.localPart ?? '', text),
});
