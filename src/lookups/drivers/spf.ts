/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';

export default defineLookup({
  name: 'spf',
  summary: 'Checks an address against the SPF record of a domain.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: false,
  isResultTainted: false,
});
