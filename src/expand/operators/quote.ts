/** `${quote:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';
import { quoteForLookup, quoteOctets } from '../quoting.ts';

export default defineOperator({
  name: 'quote',
  summary: 'In double quotes when it is empty or holds more than letters, digits, underscores, dots and hyphens.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${quote:abc}', 'abc'],
    ['${quote:}', '""'],
    ['${quote:ab"*"cd}', '"ab\\"*\\"cd"'],
  ],
  apply: (text, frame, suffix) => {
    if (suffix !== undefined) return quoteForLookup(text, suffix, frame);
    if (text.octets !== '' && !/[^A-Za-z0-9._-]/.test(text.octets)) return text;
    return derived(quoteOctets(text.octets), text);
  },
});
