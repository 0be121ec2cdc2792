/**
 * Command lines from a connection: buffered, bounded, as Exim cuts them. A line ends at LF with an optional CR before it; a line longer
 * than the limit is given out in pieces. Reads ahead only what a read returned, so nothing survives a change to TLS unseen.
 */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Connection, ReadResult } from '../core/ports.ts';

export type LineResult =
  | {
      readonly kind: 'line' /** Without its line end. */;
      readonly line: Octets;
      readonly hasNul: boolean /** A piece of a line over the limit. */;
      readonly isPiece: boolean /** It has a CR, or ended without one. */;
      readonly hasBareLineEnd: boolean;
    }
  | Exclude<ReadResult, { kind: 'data' }>;

const LF = 0x0a;
const CR = 0x0d;

/** As Exim's buffer for a command; a CR before the line end counts. */
export const MAX_COMMAND_BYTES = 16_385;

/** One for all: of 10,000 connections most have nothing. */
const NOTHING = Buffer.alloc(0);

type Source = Pick<Connection, 'read' | 'bufferedBytes' | 'discardBuffered'> & Partial<Pick<Connection, 'unread'>>;

export class LineReader {
  /** Runs before the peer is waited for in the middle of a line: it may be waiting for what has not been sent to it. */
  beforeWait: (() => Promise<void>) | undefined;
  readonly #source: Source;
  #data: Buffer = NOTHING;
  #hasEnded: Exclude<ReadResult, { kind: 'data' }> | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Octets that arrived and were not given out. */
  get bufferedBytes(): number {
    return this.#data.length + this.#source.bufferedBytes;
  }

  /** Why nothing more can come, as far as was read. */
  get ending(): Exclude<ReadResult, { kind: 'data' }> | undefined {
    return this.#hasEnded;
  }

  /** What was read from the connection and not given out, for the log of a synchronization error. */
  peek(): Octets {
    return octetsFromBytes(this.#data);
  }

  /**
   * Gives a buffered line, or waits for one. What the stream ends in without a line end is no line, and is dropped as Exim does. `fromFirst` gives the deadline once
   * a part of the line is here.
   */
  async readLine(until: Deadline, limitBytes = MAX_COMMAND_BYTES, fromFirst?: () => Deadline): Promise<LineResult> {
    let searched = 0;
    let limit = until;
    for (;;) {
      const end = this.#data.indexOf(LF, searched);
      if (end >= 0 && end <= limitBytes) return this.#cut(end, end + 1, false);
      if (this.#data.length > limitBytes) return this.#cut(limitBytes, limitBytes, true);
      if (searched === 0 && this.#data.length > 0 && fromFirst !== undefined) limit = fromFirst();
      searched = this.#data.length;
      if (this.#source.bufferedBytes === 0) await this.beforeWait?.();
      const ended = this.#hasEnded ?? this.#keep(await this.#source.read(limit));
      if (ended) return ended;
    }
  }

  /** The next octets as they are, for message data. */
  async readChunk(until: Deadline): Promise<ReadResult> {
    if (this.#data.length === 0) {
      const ended = this.#hasEnded ?? this.#keep(await this.#source.read(until));
      if (ended) return ended;
    }
    const bytes = this.#data;
    this.#data = NOTHING;
    return { kind: 'data', bytes };
  }

  /** Gives back what was not used of a chunk. */
  unread(rest: Buffer): void {
    this.#data = this.#data.length === 0 ? rest : Buffer.concat([rest, this.#data]);
  }

  /** Puts what was read too far back into the connection: it is for TLS. */
  giveBack(): void {
    this.#source.unread?.(this.#data);
    this.#data = NOTHING;
  }

  /** Takes in what has arrived, without waiting: all of it can be seen with `peek`. */
  async gather(until: Deadline): Promise<void> {
    while (this.#source.bufferedBytes > 0 && this.#hasEnded === undefined) this.#keep(await this.#source.read(until));
  }

  /** Reads what has arrived; false at once when nothing is there within `until`. */
  async poll(until: Deadline): Promise<boolean> {
    if (this.#data.length > 0) return true;
    if (this.#hasEnded) return false;
    const ended = this.#keep(await this.#source.read(until));
    if (ended?.kind === 'timeout') this.#hasEnded = undefined;
    return !ended;
  }

  /** Throws away everything that came before TLS. RFC 3207 s4.2. */
  discard(): void {
    this.#data = NOTHING;
    this.#source.discardBuffered();
  }

  #keep(result: ReadResult): Exclude<ReadResult, { kind: 'data' }> | undefined {
    if (result.kind !== 'data') {
      if (result.kind !== 'timeout') this.#hasEnded = result;
      return result;
    }
    this.#data = this.#data.length === 0 ? result.bytes : Buffer.concat([this.#data, result.bytes]);
    return undefined;
  }

  #cut(end: number, next: number, isPiece: boolean): LineResult {
    const to = !isPiece && end > 0 && this.#data[end - 1] === CR ? end - 1 : end;
    const bytes = this.#data.subarray(0, to);
    const line = octetsFromBytes(bytes);
    this.#data = next >= this.#data.length ? NOTHING : this.#data.subarray(next);
    const isBare = bytes.includes(CR) || (!isPiece && next > end && to === end);
    return { kind: 'line', line, hasNul: bytes.includes(0), isPiece, hasBareLineEnd: isBare };
  }
}
