import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Octets } from '../base/octets.ts';
import { readBerkeleyDb } from './berkeley-db.ts';
import type { ReadAt } from './cdb-file.ts';
import { buildCdb, findInCdb } from './cdb-file.ts';

function reader(bytes: Buffer): ReadAt {
  return (position, length) => (position + length > bytes.length ? undefined : bytes.subarray(position, position + length));
}

const octets = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 30 });

test('what is written is found, and nothing else', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(octets, octets), { selector: ([key]) => key, maxLength: 60 }), octets, (records, other) => {
      const bytes = buildCdb(records);
      const find = (key: Octets) => findInCdb(key, bytes.length, reader(bytes));
      for (const [key, value] of records) assert.deepEqual(find(key), { kind: 'found', value });
      if (!records.some(([key]) => key === other)) assert.deepEqual(find(other), { kind: 'not-found' });
    }),
  );
});

test('the bytes are as the format says', () => {
  const bytes = buildCdb([['one', 'Hello']]);
  assert.equal(bytes.length, 2048 + 8 + 3 + 5 + 16);
  assert.equal(bytes.subarray(2048, 2064).toString('latin1'), '\x03\0\0\0\x05\0\0\0oneHello');
  const hash = [...'one'].reduce((h, char) => (((h * 33) ^ char.charCodeAt(0)) % 2 ** 32) >>> 0, 5381);
  assert.equal(bytes.readUInt32LE((hash % 256) * 8), 2064);
  assert.equal(bytes.readUInt32LE((hash % 256) * 8 + 4), 2);
});

test('a damaged file is said to be, or misses; it is never read outside', () => {
  const good = buildCdb([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 16 }), (at, noise) => {
      const bytes = Buffer.from(good);
      bytes.set(noise.subarray(0, bytes.length - at), at);
      for (const key of ['a', 'b', 'x'])
        assert.ok(['found', 'not-found', 'damaged'].includes(findInCdb(key, bytes.length, reader(bytes)).kind));
    }),
  );
});

/** One hash page with `key` → `value`, as Berkeley DB 5.3 lays it out (little-endian, pages of 512 octets). */
function berkeleyFile(key: string, value: string): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.writeUInt32LE(0x061561, 12);
  bytes.writeUInt32LE(512, 20);
  const page = bytes.subarray(512);
  page.writeUInt16LE(2, 20);
  page.writeUInt8(13, 25);
  const keyAt = 512 - key.length - 1;
  const valueAt = keyAt - value.length - 1;
  page.writeUInt16LE(keyAt, 26);
  page.writeUInt16LE(valueAt, 28);
  page.write(`\x01${key}`, keyAt, 'latin1');
  page.write(`\x01${value}`, valueAt, 'latin1');
  return bytes;
}

test('Berkeley DB: a hash page is read, any bytes are survived', () => {
  const good = berkeleyFile('key\0', 'value\0');
  assert.deepEqual(readBerkeleyDb(good), new Map([['key\0', 'value\0']]));
  fc.assert(
    fc.property(fc.integer({ min: 512, max: 1023 }), fc.uint8Array({ minLength: 1, maxLength: 64 }), (at, noise) => {
      const bytes = Buffer.from(good);
      bytes.set(noise.subarray(0, bytes.length - at), at);
      readBerkeleyDb(bytes);
    }),
    { numRuns: 2000 },
  );
});
