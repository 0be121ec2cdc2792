/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';
import { doubleQuotes } from '../quoting.ts';

export default defineLookup({
  name: 'nisplus',
  summary: 'Looks up a NIS+ table.',
  spec: 'ch. 9 "Query-style lookup types"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: false,
  quote: doubleQuotes,
});
