/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';
import { quoteWithBackslashes } from '../quoting.ts';

export default defineLookup({
  name: 'oracle',
  summary: 'Obeys an SQL query in an Oracle database.',
  spec: 'ch. 9 "Query-style lookup types"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: false,
  quote: quoteWithBackslashes,
});
