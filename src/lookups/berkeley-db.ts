/**
 * Reads the pages of a Berkeley DB file (hash or B-tree, format of 4.x to 18.x) into a map, for dbm files that an Exim built with that
 * library has written. Read-only; no transactions, encryption or duplicates. Every offset and chain is checked.
 */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes } from '../base/octets.ts';

const magicAt = 12;
const hashMagic = 0x061561;
const btreeMagic = 0x053162;
const pageHeaderBytes = 26;
const maxPageBytes = 65_536;

const pageType = { hashUnsorted: 2, btreeLeaf: 5, overflow: 7, hash: 13 } as const;
const hashItem = { keyData: 1, offPage: 3 } as const;
const btreeItem = { keyData: 1, overflow: 3 } as const;
const deletedBit = 0x80;

interface PageFile {
  readonly bytes: Buffer;
  readonly pageBytes: number;
  readonly isBigEndian: boolean;
}

export function isBerkeleyDb(head: Buffer): boolean {
  return head.length >= magicAt + 4 && byteOrder(head) !== undefined;
}

function byteOrder(bytes: Buffer): 'little' | 'big' | undefined {
  const little = bytes.readUInt32LE(magicAt);
  if (little === hashMagic || little === btreeMagic) return 'little';
  const big = bytes.readUInt32BE(magicAt);
  return big === hashMagic || big === btreeMagic ? 'big' : undefined;
}

/** Undefined: not such a file, or damaged. */
export function readBerkeleyDb(bytes: Buffer): ReadonlyMap<Octets, Octets> | undefined {
  if (!isBerkeleyDb(bytes)) return undefined;
  const isBigEndian = byteOrder(bytes) === 'big';
  const pageBytes = bytes.length < 24 ? 0 : isBigEndian ? bytes.readUInt32BE(20) : bytes.readUInt32LE(20);
  if (pageBytes < 512 || pageBytes > maxPageBytes || bytes.length % pageBytes !== 0) return undefined;
  const file: PageFile = { bytes, pageBytes, isBigEndian };
  const records = new Map<Octets, Octets>();
  try {
    for (let page = 1; page * pageBytes < bytes.length; page++) readPage(file, page, records);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // an offset outside of the file
    throw error;
  }
  return records;
}

function u16(file: PageFile, at: number): number {
  return file.isBigEndian ? file.bytes.readUInt16BE(at) : file.bytes.readUInt16LE(at);
}

function u32(file: PageFile, at: number): number {
  return file.isBigEndian ? file.bytes.readUInt32BE(at) : file.bytes.readUInt32LE(at);
}

function readPage(file: PageFile, page: number, records: Map<Octets, Octets>): void {
  const start = page * file.pageBytes;
  const type = file.bytes.readUInt8(start + 25);
  if (type !== pageType.hash && type !== pageType.hashUnsorted && type !== pageType.btreeLeaf) return;
  const entries = u16(file, start + 20);
  const readItem = type === pageType.btreeLeaf ? readBtreeItem : readHashItem;
  for (let i = 0; i + 1 < entries; i += 2) {
    const key = readItem(file, start, i);
    const value = readItem(file, start, i + 1);
    if (key !== undefined && value !== undefined && !records.has(key)) records.set(key, value);
  }
}

function itemAt(file: PageFile, pageStart: number, index: number): number {
  const offset = u16(file, pageStart + pageHeaderBytes + index * 2);
  if (offset < pageHeaderBytes || offset >= file.pageBytes) throw new RangeError('item outside of its page');
  return pageStart + offset;
}

/** Items fill a hash page from its end: one ends where the one before it begins. */
function readHashItem(file: PageFile, pageStart: number, index: number): Octets | undefined {
  const at = itemAt(file, pageStart, index);
  const end = index === 0 ? pageStart + file.pageBytes : itemAt(file, pageStart, index - 1);
  const type = file.bytes.readUInt8(at);
  if (type === hashItem.keyData) return octetsFromBytes(file.bytes.subarray(at + 1, Math.max(end, at + 1)));
  return type === hashItem.offPage ? readOverflow(file, u32(file, at + 4), u32(file, at + 8)) : undefined;
}

function readBtreeItem(file: PageFile, pageStart: number, index: number): Octets | undefined {
  const at = itemAt(file, pageStart, index);
  const type = file.bytes.readUInt8(at + 2);
  if ((type & deletedBit) !== 0) return undefined;
  if (type === btreeItem.overflow) return readOverflow(file, u32(file, at + 4), u32(file, at + 8));
  if (type !== btreeItem.keyData) return undefined;
  const length = u16(file, at);
  if (at + 3 + length > pageStart + file.pageBytes) throw new RangeError('item longer than its page');
  return octetsFromBytes(file.bytes.subarray(at + 3, at + 3 + length));
}

/** A chain of pages, whose lengths must add up. */
function readOverflow(file: PageFile, firstPage: number, length: number): Octets {
  let text = '';
  for (let page = firstPage; text.length < length; ) {
    const start = page * file.pageBytes;
    const used = u16(file, start + 22);
    if (file.bytes.readUInt8(start + 25) !== pageType.overflow || used === 0 || used > file.pageBytes - pageHeaderBytes)
      throw new RangeError('broken overflow chain');
    text += octetsFromBytes(file.bytes.subarray(start + pageHeaderBytes, start + pageHeaderBytes + used));
    page = u32(file, start + 16);
  }
  return text.slice(0, length);
}
