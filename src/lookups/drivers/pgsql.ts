/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';
import { quoteForPostgres } from '../quoting.ts';

export default defineLookup({
  name: 'pgsql',
  summary: 'Obeys an SQL query in a PostgreSQL database.',
  spec: 'ch. 9 "Query-style lookup types"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: false,
  quote: quoteForPostgres,
});
