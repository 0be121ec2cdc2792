/** The body of a message: in memory while it is small, else read from -D in chunks. Spec ch. 57 "Format of the -D file". */
import type { Octets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Body } from '../core/message.ts';
import { defer, type Outcome, ok } from '../core/outcome.ts';
import type { Files, OpenFile } from '../core/ports.ts';

/** Bodies up to this size are kept in memory. */
export const MEMORY_BODY_LIMIT = 64 * 1024;
const CHUNK_BYTES = 64 * 1024;

export function memoryBody(bytes: Buffer): Body {
  return {
    sizeBytes: bytes.length,
    bytes,
    head: (limitBytes) => ok(bytes.subarray(0, limitBytes)),
    tail: (limitBytes) => ok(bytes.subarray(Math.max(0, bytes.length - limitBytes))),
    async *chunks() {
      if (bytes.length > 0) yield bytes;
    },
  };
}

/** Why a body could not be read; chunks() rejects with it. */
export class BodyReadError extends Error {
  override name = 'BodyReadError';
}

/** Reads -D, whose first line (its name) is `offset` octets long. `isWireFormat`: its lines end with CRLF (`spool_wireformat` of Exim). */
export class FileBody implements Body {
  readonly sizeBytes: number;
  readonly bytes = undefined;
  readonly #files: Files;
  readonly #path: Octets;
  readonly #offset: number;
  readonly #isWireFormat: boolean;

  constructor(files: Files, path: Octets, offset: number, sizeBytes: number, isWireFormat = false) {
    this.#files = files;
    this.#path = path;
    this.#offset = offset;
    this.sizeBytes = sizeBytes;
    this.#isWireFormat = isWireFormat;
  }

  head(limitBytes: number): Outcome<Buffer> {
    return this.#slice(0, Math.min(limitBytes, this.sizeBytes));
  }

  tail(limitBytes: number): Outcome<Buffer> {
    const from = Math.max(0, this.sizeBytes - limitBytes);
    return this.#slice(from, this.sizeBytes - from);
  }

  async *chunks(until: Deadline): AsyncGenerator<Buffer> {
    const file = this.#open();
    try {
      yield* this.#isWireFormat ? withoutCarriageReturns(this.#read(file, until)) : this.#read(file, until);
    } finally {
      file.close();
    }
  }

  async *#read(file: OpenFile, until: Deadline): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.sizeBytes; ) {
      if (until.signal.aborted) throw new BodyReadError('aborted');
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.sizeBytes - at));
      const read = this.sizeBytes <= CHUNK_BYTES ? file.read(buffer, this.#offset + at) : await file.readAsync(buffer, this.#offset + at);
      if (read.kind === 'error') throw new BodyReadError(`${this.#path}: ${read.reason}`);
      if (read.value === 0) throw new BodyReadError(`${this.#path}: shorter than it was`);
      at += read.value;
      yield buffer.subarray(0, read.value);
    }
  }

  #open(): OpenFile {
    const opened = this.#files.open(this.#path, 'read');
    if (opened.kind === 'error') throw new BodyReadError(`${this.#path}: ${opened.reason}`);
    return opened.value;
  }

  #slice(from: number, length: number): Outcome<Buffer> {
    const opened = this.#files.open(this.#path, 'read');
    if (opened.kind === 'error') return defer(`${this.#path}: ${opened.reason}`);
    const buffer = Buffer.alloc(length);
    const read = length === 0 ? ({ kind: 'ok', value: 0 } as const) : opened.value.read(buffer, this.#offset + from);
    opened.value.close();
    return read.kind === 'error' ? defer(`${this.#path}: ${read.reason}`) : ok(buffer.subarray(0, read.value));
  }
}

const CR = 0x0d;
const LF = 0x0a;

/** CRLF to LF, also where a chunk ends between the two. */
export async function* withoutCarriageReturns(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let endsWithCr = false;
  for await (const chunk of chunks) {
    const whole: Buffer = endsWithCr ? Buffer.concat([Buffer.from([CR]), chunk]) : chunk;
    endsWithCr = whole[whole.length - 1] === CR;
    const part = endsWithCr ? whole.subarray(0, -1) : whole;
    const out = Buffer.allocUnsafe(part.length);
    let length = 0;
    for (let i = 0; i < part.length; i++) {
      if (part[i] === CR && part[i + 1] === LF) continue;
      out[length++] = part[i] ?? 0;
    }
    if (length > 0) yield out.subarray(0, length);
  }
  if (endsWithCr) yield Buffer.from([CR]);
}
