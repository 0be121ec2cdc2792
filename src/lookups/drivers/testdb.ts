/** For tests of Exim's: fails, defers, or finds its own query. */
import { defineLookup } from '../../core/define/lookup.ts';
import { defer, ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';

export default defineLookup({
  name: 'testdb',
  summary: 'Not found for `fail`, a temporary error for `defer`, for anything else the query itself.',
  spec: 'ch. 9 "Query-style lookup types"',
  isQueryStyle: true,
  isFile: false,
  isResultTainted: false,
  open: () =>
    ok({
      find: (key) => {
        if (key.octets === 'defer') return defer('testdb lookup forced DEFER');
        return ok(key.octets === 'fail' ? { kind: 'not-found' } : { kind: 'found', value: untainted(key.octets) });
      },
      close: () => undefined,
    }),
});
