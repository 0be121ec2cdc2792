/** `${addresses:…}`. Spec ch. 11 "Expansion operators", RFC 5322 s3.4. */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { addressList } from '../address-text.ts';

export default defineOperator({
  name: 'addresses',
  summary: 'The addresses of a header-like list, as a list with colons or the separator that `>x` at its start sets.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${addresses:Foo <a@b.example>, c@d.example}', 'a@b.example:c@d.example'],
    ['${addresses:>& Chief <ceo@up.stairs>, sec@base.ment (dogsbody)}', 'ceo@up.stairs&sec@base.ment'],
  ],
  apply: (text, { config }) => derived(addressList(text.octets, config.main.allow_utf8_domains), text),
});
