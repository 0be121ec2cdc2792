/** What every scanner shares: its kinds, what it may answer, and a connection to a daemon that ends with the scan. Spec ch. 45 "Scanning for viruses". */
import type { Octets } from '../../base/octets.ts';
import { octetsFromBytes } from '../../base/octets.ts';
import type { Connection, Deadline, Frame } from '../../core/index.ts';
import { type Place, parsePlace, reachPlace } from './reach.ts';

/** The name of what was found; undefined: nothing. */
export type Finding = Octets | undefined;

export interface Scanner {
  readonly name: string;
  /** Takes what stands behind its name in `av_scanner`. Throws a {@link ScanFailure} when it cannot be asked, or what it says is no answer. */
  scan(options: readonly Octets[], job: ScanJob): Promise<Finding>;
}

export interface ScanJob {
  /** The message, or what `-bmalware` is asked about. */
  readonly file: Octets;
  /** Where it and decoded parts lie. */
  readonly directory: Octets;
  readonly frame: Frame;
  /** All of the scan. */
  readonly until: Deadline;
  /** What goes wrong and does not end the scan. */
  readonly warn: (place: Octets, text: Octets) => void;
}

/** Told the panic log; the condition defers. */
export class ScanFailure extends Error {
  override name = 'ScanFailure';
  /** The server, as in `$callout_address`, or ''. */
  readonly place: Octets;

  constructor(place: Octets, message: Octets) {
    super(message);
    this.place = place;
  }
}

/** A virus that the scanner gives no name, as Exim calls it. */
export const UNNAMED = 'unknown';

/** Answers that are read as a whole hold no more. */
const MAX_ANSWER_BYTES = 32 * 1024;

/** A connection to a daemon for one scan. */
export class ScannerLink {
  readonly place: Octets;
  readonly #connection: Connection;
  readonly #until: Deadline;
  #rest: Buffer = Buffer.alloc(0);

  constructor(connection: Connection, place: Octets, until: Deadline) {
    this.#connection = connection;
    this.place = place;
    this.#until = until;
  }

  async send(bytes: Uint8Array | Octets, what = 'unable to write to socket'): Promise<void> {
    const written = await this.#connection.write(bytes, this.#until);
    if (written.kind === 'ok') return;
    this.fail(`${what} (${written.kind === 'timeout' ? TIMED_OUT : written.reason})`);
  }

  /** What comes next, or why nothing does. At the end of the stream '' is read. */
  async read(): Promise<{ readonly bytes: Buffer } | { readonly reason: string }> {
    if (this.#rest.length > 0) {
      const bytes = this.#rest;
      this.#rest = Buffer.alloc(0);
      return { bytes };
    }
    const read = await this.#connection.read(this.#until);
    switch (read.kind) {
      case 'data':
        return { bytes: read.bytes };
      case 'end':
        return { bytes: Buffer.alloc(0) };
      case 'timeout':
        return { reason: TIMED_OUT };
      case 'error':
        return { reason: read.reason };
    }
  }

  /** What comes in one go: the daemons that Exim knows say all in one, and some do not close then. `atEnd`: what to call the end of the stream. */
  async readAnswer(limitBytes: number, atEnd = 'Success'): Promise<Octets> {
    const read = await this.read();
    if ('reason' in read) return this.fail(`unable to read from socket (${read.reason})`);
    if (read.bytes.length === 0) return this.fail(`unable to read from socket (${atEnd})`);
    if (read.bytes.length >= limitBytes) return this.fail('buffer too small');
    return octetsFromBytes(read.bytes);
  }

  /** Exactly so many octets, or undefined. */
  async readExactly(length: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const read = await this.read();
      if ('reason' in read || read.bytes.length === 0) return undefined;
      const piece = read.bytes.subarray(0, missing);
      this.#rest = read.bytes.subarray(piece.length);
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** A line without its end; undefined at the end of the stream, where half a line is none. */
  async readLine(): Promise<{ readonly line: Octets | undefined } | { readonly reason: string }> {
    let held: Buffer = Buffer.alloc(0);
    while (held.length <= MAX_ANSWER_BYTES) {
      const read = await this.read();
      if ('reason' in read) return read;
      if (read.bytes.length === 0) return { line: undefined };
      held = Buffer.concat([held, read.bytes]);
      const end = held.indexOf('\n');
      if (end < 0) continue;
      this.#rest = held.subarray(end + 1);
      return { line: octetsFromBytes(held.subarray(0, end)).replace(/\r$/, '') };
    }
    return { reason: 'line too long' };
  }

  fail(message: Octets): never {
    throw new ScanFailure(this.place, message);
  }
}

export const TIMED_OUT = 'Connection timed out';

/** For as long as `use` takes. */
export async function withLink<T>(place: Place, { frame, until }: ScanJob, use: (link: ScannerLink) => Promise<T>): Promise<T> {
  const reached = await reachPlace(place, frame, until);
  if (reached.kind !== 'ok') throw new ScanFailure(reached.place, reached.message);
  try {
    return await use(new ScannerLink(reached.connection, reached.place, until));
  } finally {
    reached.connection.close();
  }
}

/** The path of a socket, or a host and its ports. */
export function placeOf(text: Octets): Place {
  const place = parsePlace(text);
  if (place === undefined) throw new ScanFailure('', `invalid socket '${text}'`);
  return place;
}
