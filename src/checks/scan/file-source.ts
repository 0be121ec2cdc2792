/** A file of the scan directory, read where that is wanted. */
import type { Octets } from '../../base/octets.ts';
import type { Files, OpenFile } from '../../core/index.ts';
import type { ByteSource } from '../../message/mime/source.ts';

/** A file of the scan directory could not be read. */
export class ScanReadError extends Error {
  override name = 'ScanReadError';
}

/** Smaller files are read at once, in no time. */
const SMALL_FILE = 64 * 1024;

export class FileSource implements ByteSource {
  readonly #file: OpenFile;
  readonly #path: Octets;
  readonly #sizeBytes: number;

  constructor(file: OpenFile, path: Octets) {
    this.#file = file;
    this.#path = path;
    const facts = file.facts();
    if (facts.kind === 'error') throw new ScanReadError(`${path}: ${facts.reason}`);
    this.#sizeBytes = facts.value.sizeBytes;
  }

  async read(from: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#sizeBytes - from)));
    for (let filled = 0; filled < buffer.length; ) {
      const rest = buffer.subarray(filled);
      const read = this.#sizeBytes <= SMALL_FILE ? this.#file.read(rest, from + filled) : await this.#file.readAsync(rest, from + filled);
      if (read.kind === 'error') throw new ScanReadError(`${this.#path}: ${read.reason}`);
      if (read.value === 0) return buffer.subarray(0, filled);
      filled += read.value;
    }
    return buffer;
  }
}

/** Opens the file for as long as `use` takes. */
export async function withFile<T>(files: Files, path: Octets, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const opened = files.open(path, 'read');
  if (opened.kind === 'error') throw new ScanReadError(`${path}: ${opened.reason}`);
  try {
    return await use(new FileSource(opened.value, path));
  } finally {
    opened.value.close();
  }
}

/** All of it from the beginning, or the first `limit` octets. */
export async function* piecesOf(source: ByteSource, limit = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
  for (let at = 0; at < limit; ) {
    const piece = await source.read(at, Math.min(SMALL_FILE, limit - at));
    if (piece.length === 0) return;
    yield piece;
    at += piece.length;
  }
}
