/** Constant databases. */
import { defineLookup } from '../../core/define/lookup.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import { openCdb } from '../dbm-file.ts';

export default defineLookup({
  name: 'cdb',
  summary: 'Searches a constant database; keys are stored without a final NUL.',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) =>
    chainOk(openCdb(file, frame), (cdb) =>
      ok({
        find: (key) =>
          chainOk(cdb.find(key.octets), (value) =>
            ok(value === undefined ? { kind: 'not-found' } : { kind: 'found', value: untainted(value) }),
          ),
        close: () => cdb.close(),
      }),
    ),
});
