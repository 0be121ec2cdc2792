/** `${address:…}`. Spec ch. 11 "Expansion operators", RFC 5322 s3.4. */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { addressIn } from '../address-text.ts';

export default defineOperator({
  name: 'address',
  summary: 'The address in a header-like string; nothing when it cannot be parsed.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${address:Foo <a@b.example>}', 'a@b.example'],
    ['${address:Foo <a@b}', ''],
  ],
  apply: (text, { config }) => derived(addressIn(text.octets, config.main.allow_utf8_domains)?.address ?? '', text),
});
