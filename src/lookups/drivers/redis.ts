/** Declared, not built yet: a lookup defers with a panic-log line. */
import { defineLookup } from '../../core/define/lookup.ts';
import { quoteForRedis } from '../quoting.ts';

export default defineLookup({
  name: 'redis',
  summary: 'Obeys a command of a Redis server.',
  spec: 'ch. 9 "Query-style lookup types"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: false,
  quote: quoteForRedis,
});
