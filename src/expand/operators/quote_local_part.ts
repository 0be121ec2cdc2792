/** `${quote_local_part:…}`. Spec ch. 11 "Expansion operators", RFC 5322 s3.2.4. */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { quoteOctets } from '../quoting.ts';

export default defineOperator({
  name: 'quote_local_part',
  summary: 'In double quotes when it needs them as a local part.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${quote_local_part:a+b}', 'a+b'],
    ['${quote_local_part:a b}', '"a b"'],
    ['${quote_local_part:.a}', '".a"'],
  ],
  transform: (text) => {
    if (/^[!#$%&'*+\-/=?^_`{|}~A-Za-z0-9](?:[!#$%&'*+\-/=?^_`{|}~A-Za-z0-9.]*[!#$%&'*+\-/=?^_`{|}~A-Za-z0-9])?$/.test(text.octets))
      return text;
    return derived(quoteOctets(text.octets), text);
  },
});
