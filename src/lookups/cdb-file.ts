/** Constant databases: D. J. Bernstein's cdb format (https://cr.yp.to/cdb/cdb.txt). Reads from a file by a few bytes; writes whole files. */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromBytes } from '../base/octets.ts';

const tables = 256;
const headerBytes = tables * 8;
const maxValueBytes = 64 << 20;

/** Reads up to `length` bytes at `position`; undefined when the file cannot be read or ends before. */
export type ReadAt = (position: number, length: number) => Buffer | undefined;

export type CdbFound = { readonly kind: 'found'; readonly value: Octets } | { readonly kind: 'not-found' } | { readonly kind: 'damaged' };

const damaged: CdbFound = { kind: 'damaged' };
const notFound: CdbFound = { kind: 'not-found' };

/** The format's own: h = 33 h xor c. */
function hashOf(key: Uint8Array): number {
  let hash = 5381;
  for (const byte of key) hash = ((Math.imul(hash, 33) >>> 0) ^ byte) >>> 0;
  return hash;
}

/** The first record with the key. */
export function findInCdb(key: Octets, sizeBytes: number, read: ReadAt): CdbFound {
  const wanted = bytesFromOctets(key);
  const hash = hashOf(wanted);
  const head = read((hash % tables) * 8, 8);
  if (!head) return damaged;
  const table = head.readUInt32LE(0);
  const slots = head.readUInt32LE(4);
  if (slots === 0) return notFound;
  if (slots > sizeBytes / 8) return damaged;
  const first = Math.floor(hash / tables) % slots;
  for (let i = 0; i < slots; i++) {
    const slot = read(table + ((first + i) % slots) * 8, 8);
    if (!slot) return damaged;
    const position = slot.readUInt32LE(4);
    if (position === 0) return notFound;
    if (slot.readUInt32LE(0) !== hash) continue;
    const record = readRecord(position, wanted, read);
    if (record !== 'other key') return record;
  }
  return notFound;
}

function readRecord(position: number, wanted: Buffer, read: ReadAt): CdbFound | 'other key' {
  const lengths = read(position, 8);
  if (!lengths) return damaged;
  const keyBytes = lengths.readUInt32LE(0);
  const valueBytes = lengths.readUInt32LE(4);
  if (keyBytes !== wanted.length) return 'other key';
  const key = read(position + 8, keyBytes);
  if (!key) return damaged;
  if (!key.equals(wanted)) return 'other key';
  const value = valueBytes > maxValueBytes ? undefined : read(position + 8 + keyBytes, valueBytes);
  return value ? { kind: 'found', value: octetsFromBytes(value) } : damaged;
}

/** The bytes of a file with these records, in their order. */
export function buildCdb(records: Iterable<readonly [key: Octets, value: Octets]>): Buffer {
  const parts: Buffer[] = [];
  const buckets = Array.from({ length: tables }, (): { readonly hash: number; readonly position: number }[] => []);
  let position = headerBytes;
  for (const [key, value] of records) {
    const record = recordBytes(bytesFromOctets(key), bytesFromOctets(value));
    const hash = hashOf(record.subarray(8, 8 + key.length));
    buckets[hash % tables]?.push({ hash, position });
    parts.push(record);
    position += record.length;
  }
  const header = Buffer.alloc(headerBytes);
  for (const [i, bucket] of buckets.entries()) {
    header.writeUInt32LE(position, i * 8);
    header.writeUInt32LE(bucket.length * 2, i * 8 + 4);
    const table = tableBytes(bucket);
    parts.push(table);
    position += table.length;
  }
  return Buffer.concat([header, ...parts]);
}

function recordBytes(key: Buffer, value: Buffer): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(key.length, 0);
  lengths.writeUInt32LE(value.length, 4);
  return Buffer.concat([lengths, key, value]);
}

/** Twice as many slots as entries; a taken slot sends the entry to the next one. */
function tableBytes(bucket: readonly { readonly hash: number; readonly position: number }[]): Buffer {
  const slots = bucket.length * 2;
  const bytes = Buffer.alloc(slots * 8);
  for (const { hash, position } of bucket) {
    let slot = Math.floor(hash / tables) % slots;
    while (bytes.readUInt32LE(slot * 8 + 4) !== 0) slot = (slot + 1) % slots;
    bytes.writeUInt32LE(hash, slot * 8);
    bytes.writeUInt32LE(position, slot * 8 + 4);
  }
  return bytes;
}
