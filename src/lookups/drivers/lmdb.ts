/** LMDB files, read without the library. */
import { defineLookup } from '../../core/define/lookup.ts';
import { defer, fail, ok } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import type { ReadAt } from '../cdb-file.ts';
import { findInLmdb } from '../lmdb-file.ts';

export default defineLookup({
  name: 'lmdb',
  summary: 'Searches the unnamed database of an LMDB file (of liblmdb 0.9).',
  spec: 'ch. 9 "Single-key lookup types"',
  isQueryStyle: false,
  isFile: true,
  isResultTainted: false,
  open: (file, frame) => {
    const opened = frame.services.files.open(file, 'read');
    if (opened.kind !== 'ok') return fail(`LMDB: Unable to open environment with ${file}: ${opened.reason}`);
    const { value: handle } = opened;
    const read: ReadAt = (position, length) => {
      const buffer = Buffer.alloc(length);
      const got = handle.read(buffer, position);
      return got.kind === 'ok' && got.value === length ? buffer : undefined;
    };
    return ok({
      find: (key) => {
        const found = findInLmdb(key.octets, read);
        if (found.kind === 'damaged') return defer(`LMDB: lookup, transaction failed: ${found.reason}`);
        return ok(found.kind === 'found' ? { kind: 'found', value: untainted(found.value) } : { kind: 'not-found' });
      },
      close: () => handle.close(),
    });
  },
});
