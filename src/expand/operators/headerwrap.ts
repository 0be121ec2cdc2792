/** `${headerwrap:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';
import { wrapHeader } from '../header-wrap.ts';

export default defineOperator({
  name: 'headerwrap',
  summary: 'A header line folded: columns and a limit for the whole after underscores (80 and 998).',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${headerwrap_20:aaaa bbbb cccc dddd eeee}', 'aaaa bbbb cccc dddd\n eeee']],
  transform: (text, suffix) => {
    const match = /^([0-9]*)(?:_([0-9]+))?$/.exec(suffix ?? '');
    if (!match) return fail(`non-digit after underscore in "headerwrap_${suffix}"`);
    return derived(wrapHeader(text.octets, Number.parseInt(match[1] || '80', 10), Number.parseInt(match[2] ?? '998', 10)), text);
  },
});
