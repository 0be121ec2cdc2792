/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';

export default defineLookup({
  name: 'lmdb',
  summary: 'Searches an LMDB database.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
});
