/**
 * Reads the records of a GDBM file (64-bit offsets, with or without the extended header of 1.21) into a map, for dbm files that an Exim built
 * with that library has written. Read-only; every offset is checked.
 */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes } from '../base/octets.ts';

const magics64: ReadonlySet<number> = new Set([0x13579acf, 0x13579ad1]);
/** Of 32-bit and of unknown offsets: recognized only. */
const otherMagics: ReadonlySet<number> = new Set([0x13579ace, 0x13579acd, 0x13579ad0]);

const headerAt = { directory: 8, directoryBytes: 16, bucketBytes: 24, bucketElements: 28 } as const;
const headerBytes = 40;
/** A bucket: its own free list, how many bits and elements it has, the elements. */
const bucketElementsAt = 112;
const element = { hash: 0, data: 8, keyBytes: 16, dataBytes: 20, bytes: 24 } as const;
const emptyElement = -1;

export function isGdbm(head: Buffer): boolean {
  return head.length >= 4 && [head.readUInt32LE(0), head.readUInt32BE(0)].some((magic) => magics64.has(magic) || otherMagics.has(magic));
}

/** Undefined: damaged, or of a kind that is not read. */
export function readGdbm(bytes: Buffer): ReadonlyMap<Octets, Octets> | undefined {
  if (bytes.length < headerBytes) return undefined;
  const isBigEndian = magics64.has(bytes.readUInt32BE(0));
  if (!isBigEndian && !magics64.has(bytes.readUInt32LE(0))) return undefined;
  try {
    return new GdbmFile(bytes, isBigEndian).records();
  } catch (error) {
    if (error instanceof RangeError) return undefined; // an offset outside of the file
    throw error;
  }
}

class GdbmFile {
  readonly #bytes: Buffer;
  readonly #isBigEndian: boolean;

  constructor(bytes: Buffer, isBigEndian: boolean) {
    this.#bytes = bytes;
    this.#isBigEndian = isBigEndian;
  }

  records(): ReadonlyMap<Octets, Octets> {
    const records = new Map<Octets, Octets>();
    const elements = this.#int(headerAt.bucketElements);
    if (elements < 0 || bucketElementsAt + elements * element.bytes > this.#int(headerAt.bucketBytes)) throw new RangeError('bucket size');
    for (const bucket of this.#buckets()) {
      for (let i = 0; i < elements; i++) this.#readElement(bucket + bucketElementsAt + i * element.bytes, records);
    }
    return records;
  }

  /** The directory names a bucket once for every hash that leads to it. */
  #buckets(): ReadonlySet<number> {
    const start = this.#offset(headerAt.directory);
    const end = start + this.#int(headerAt.directoryBytes);
    if (end > this.#bytes.length) throw new RangeError('directory');
    const buckets = new Set<number>();
    for (let at = start; at + 8 <= end; at += 8) buckets.add(this.#offset(at));
    return buckets;
  }

  #readElement(at: number, records: Map<Octets, Octets>): void {
    if (this.#int(at + element.hash) === emptyElement) return;
    const key = this.#offset(at + element.data);
    const data = key + this.#int(at + element.keyBytes);
    const end = data + this.#int(at + element.dataBytes);
    if (data < key || end < data || end > this.#bytes.length) throw new RangeError('record');
    records.set(octetsFromBytes(this.#bytes.subarray(key, data)), octetsFromBytes(this.#bytes.subarray(data, end)));
  }

  #int(at: number): number {
    return this.#isBigEndian ? this.#bytes.readInt32BE(at) : this.#bytes.readInt32LE(at);
  }

  #offset(at: number): number {
    return Number(this.#isBigEndian ? this.#bytes.readBigUInt64BE(at) : this.#bytes.readBigUInt64LE(at)); // octets: a number of the file's header
  }
}
