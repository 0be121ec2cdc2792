/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';

export default defineLookup({
  name: 'nis',
  summary: 'Searches a NIS map; keys without a final NUL.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: false,
  isResultTainted: false,
});
