/**
 * Finds keys in an LMDB file (data version 1, as liblmdb 0.9 writes it; little endian) without the library: the newer of the two meta pages,
 * then down the B+tree of the unnamed database. A reader takes no lock; what it reads of a file that is being written is checked, not trusted.
 */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromBytes } from '../base/octets.ts';
import type { ReadAt } from './cdb-file.ts';

const magic = 0xbeefc0de;
const dataVersion = 1;
const pageHeaderBytes = 16;
const meta = { magic: 16, version: 20, pageBytes: 40, mainFlags: 92, mainRoot: 128, transaction: 144, bytes: 152 } as const;
const page = { flags: 10, lower: 12 } as const;
const pageFlag = { branch: 1, leaf: 2 } as const;
const nodeFlag = { bigData: 1, subDatabase: 2, duplicates: 4 } as const;
const nodeHeaderBytes = 8;
const maxDepth = 32;
const maxPageBytes = 65_536;
const maxValueBytes = 16 << 20;
const noRoot = 0xffff_ffff_ffff_ffffn;

export type LmdbFound =
  | { readonly kind: 'found'; readonly value: Octets }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly reason: string };

const missing: LmdbFound = { kind: 'missing' };

/** `read` gives undefined outside of the file. */
export function findInLmdb(key: Octets, read: ReadAt): LmdbFound {
  const found = readMeta(read);
  if (typeof found === 'string') return { kind: 'damaged', reason: found };
  if (found.root === noRoot) return missing;
  const wanted = bytesFromOctets(key);
  let number = found.root;
  for (let depth = 0; depth < maxDepth; depth++) {
    const bytes = read(Number(number) * found.pageBytes, found.pageBytes); // octets: a page number
    const nodes = bytes && nodesOf(bytes);
    if (!bytes || !nodes) return { kind: 'damaged', reason: 'MDB_CORRUPTED: Located page was wrong type' };
    if (nodes.isLeaf) return leafValue(bytes, nodes.offsets, wanted, found.pageBytes, read);
    number = childOf(bytes, nodes.offsets, wanted);
  }
  return { kind: 'damaged', reason: 'MDB_CORRUPTED: Located page was wrong type' };
}

interface Meta {
  readonly pageBytes: number;
  readonly root: bigint;
  readonly transaction: bigint;
}

/** Text: why it is no database. */
function readMeta(read: ReadAt): Meta | string {
  const first = metaAt(0, read);
  if (typeof first === 'string') return first;
  const second = metaAt(first.pageBytes, read);
  return typeof second !== 'string' && second.transaction > first.transaction ? second : first;
}

function metaAt(position: number, read: ReadAt): Meta | string {
  const bytes = read(position, meta.bytes);
  if (!bytes || bytes.readUInt32LE(meta.magic) !== magic) return 'MDB_INVALID: File is not an LMDB file';
  if ((bytes.readUInt32LE(meta.version) & 0xff) !== dataVersion) return 'MDB_VERSION_MISMATCH: Database environment version mismatch';
  const pageBytes = bytes.readUInt32LE(meta.pageBytes);
  if (pageBytes < 256 || pageBytes > maxPageBytes) return 'MDB_INVALID: File is not an LMDB file';
  if (bytes.readUInt16LE(meta.mainFlags) !== 0) return 'MDB_INCOMPATIBLE: Operation and DB incompatible, or DB flags changed';
  return { pageBytes, root: bytes.readBigUInt64LE(meta.mainRoot), transaction: bytes.readBigUInt64LE(meta.transaction) };
}

/** Where the nodes of a tree page begin. Undefined: it is no such page. */
function nodesOf(bytes: Buffer): { readonly isLeaf: boolean; readonly offsets: readonly number[] } | undefined {
  const flags = bytes.readUInt16LE(page.flags);
  const lower = bytes.readUInt16LE(page.lower);
  const isLeaf = (flags & pageFlag.leaf) !== 0;
  if ((!isLeaf && (flags & pageFlag.branch) === 0) || lower < pageHeaderBytes || lower > bytes.length) return undefined;
  const offsets: number[] = [];
  for (let at = pageHeaderBytes; at + 2 <= lower; at += 2) {
    const offset = bytes.readUInt16LE(at);
    if (offset + nodeHeaderBytes > bytes.length || offset + nodeHeaderBytes + keyLength(bytes, offset) > bytes.length) return undefined;
    offsets.push(offset);
  }
  return offsets.length > 0 ? { isLeaf, offsets } : undefined;
}

function keyLength(bytes: Buffer, node: number): number {
  return bytes.readUInt16LE(node + 6);
}

function keyOf(bytes: Buffer, node: number): Buffer {
  return bytes.subarray(node + nodeHeaderBytes, node + nodeHeaderBytes + keyLength(bytes, node));
}

/** The last child whose key is not greater; the first one has none. */
function childOf(bytes: Buffer, offsets: readonly number[], wanted: Buffer): bigint {
  let node = offsets[0] ?? 0;
  for (const offset of offsets.slice(1)) {
    if (Buffer.compare(keyOf(bytes, offset), wanted) > 0) break;
    node = offset;
  }
  return BigInt(bytes.readUInt32LE(node)) | (BigInt(bytes.readUInt16LE(node + 4)) << 32n);
}

function leafValue(bytes: Buffer, offsets: readonly number[], wanted: Buffer, pageBytes: number, read: ReadAt): LmdbFound {
  const node = offsets.find((offset) => keyOf(bytes, offset).equals(wanted));
  if (node === undefined) return missing;
  const flags = bytes.readUInt16LE(node + 4);
  if ((flags & (nodeFlag.subDatabase | nodeFlag.duplicates)) !== 0) return missing;
  const length = bytes.readUInt32LE(node);
  const at = node + nodeHeaderBytes + keyLength(bytes, node);
  const value = (flags & nodeFlag.bigData) === 0 ? within(bytes, at, length) : overflowValue(bytes, at, length, pageBytes, read);
  return value
    ? { kind: 'found', value: octetsFromBytes(value) }
    : { kind: 'damaged', reason: 'MDB_CORRUPTED: Located page was wrong type' };
}

function within(bytes: Buffer, at: number, length: number): Buffer | undefined {
  return at + length <= bytes.length ? bytes.subarray(at, at + length) : undefined;
}

/** A value of more than a page stands in pages of its own. */
function overflowValue(bytes: Buffer, at: number, length: number, pageBytes: number, read: ReadAt): Buffer | undefined {
  const number = within(bytes, at, 8)?.readBigUInt64LE(0);
  if (number === undefined || length > maxValueBytes) return undefined;
  return read(Number(number) * pageBytes + pageHeaderBytes, length); // octets: a page number
}
