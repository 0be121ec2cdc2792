/** The lookup type behind `${readsocket`. Written as a lookup it has no socket to ask, in Exim too. */
import { defineLookup } from '../../core/define/lookup.ts';
import { ok } from '../../core/outcome.ts';

export default defineLookup({
  name: 'readsock',
  summary: 'What `${readsocket` is made of in Exim. As a lookup it names no socket and finds nothing, as in Exim: use `${readsocket`.',
  spec: 'ch. 11 "Expansion items"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: true,
  open: () => ok({ find: () => ok({ kind: 'not-found' }), close: () => undefined }),
});
