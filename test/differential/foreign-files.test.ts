/** Files that other libraries have written (Berkeley DB, GDBM, LMDB, cdb), through the lookups that read them, whole and damaged. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readBerkeleyDb } from '../../src/lookups/berkeley-db.ts';
import { readGdbm } from '../../src/lookups/gdbm.ts';
import { findInLmdb } from '../../src/lookups/lmdb-file.ts';
import { openLookupBench } from './lookup-bench.ts';

const folder = join(import.meta.dirname, 'lookup-files');

const cases: readonly (readonly [line: string, printed: string])[] = [
  ['${lookup{one}dbm{FILES/records.gdbm}}', 'first'],
  ['${lookup{one}dbmnz{FILES/records.gdbm}}', 'plain'],
  ['${lookup{k300}dbmnz{FILES/records.gdbm}}', 'v300'],
  ['${lookup{k7}dbmnz{FILES/records.gdbm}{$value}{none}}', 'none'],
  ['${lookup{a.part.ex}partial-dbmnz{FILES/records.gdbm}}', 'part'],
  ['${lookup{one}dbm{FILES/zero.db}}', 'first'],
  ['${lookup{one}lmdb{FILES/records.mdb}}', 'first'],
  ['${lookup{two}lmdb{FILES/records.mdb}{[$value]}{none}}', '[]'],
  ['${lookup{k299}lmdb{FILES/records.mdb}}', 'v299'],
  ['${lookup{k7}lmdb{FILES/records.mdb}{$value}{none}}', 'none'],
  ['${lookup{zz}lmdb*{FILES/records.mdb}}', 'star'],
  ['${strlen:${lookup{big}lmdb{FILES/records.mdb}}}', '9000'],
  ['${lookup{a}lmdb{FILES/none}}', 'Failed: LMDB: Unable to open environment with FILES/none: No such file or directory'],
  [
    '${lookup{a}lmdb{FILES/aliases}}',
    'Failed: lookup of "a" gave DEFER: "LMDB: lookup, transaction failed: MDB_INVALID: File is not an LMDB file"',
  ],
];

test('records of files that other libraries have written', async () => {
  const bench = await openLookupBench(folder);
  for (const [line, printed] of cases) assert.equal(await bench.print(line), printed, line);
  bench.close();
});

/** The file with some of its bytes changed, and its end cut off. */
function damaged(name: string): fc.Arbitrary<Buffer> {
  const whole = readFileSync(join(folder, name));
  const changes = fc.array(fc.tuple(fc.nat(Math.min(whole.length, 4096 * 3) - 1), fc.nat(255)), { minLength: 1, maxLength: 20 });
  return fc.tuple(changes, fc.nat(whole.length)).map(([edits, cut]) => {
    const bytes = Buffer.from(whole.subarray(0, cut % 3 === 0 ? cut : whole.length));
    for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });
}

test('damaged files are read without a crash, and never outside', () => {
  fc.assert(fc.property(damaged('records.gdbm'), (bytes) => readGdbm(bytes) === undefined || true));
  fc.assert(fc.property(damaged('zero.db'), (bytes) => readBerkeleyDb(bytes) === undefined || true));
  fc.assert(
    fc.property(damaged('records.mdb'), fc.constantFrom('one', 'big', 'k299', 'zz', ''), (bytes, key) => {
      const found = findInLmdb(key, (position, length) =>
        position >= 0 && position + length <= bytes.length ? bytes.subarray(position, position + length) : undefined,
      );
      assert.ok(['found', 'missing', 'damaged'].includes(found.kind));
    }),
  );
});
