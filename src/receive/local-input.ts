/** Standard input in pieces: with a deadline for each, and an end that is none (a signal, a caller that is gone) as an error. Spec ch. 14 "receive_timeout". */
import type { Clock, Deadline, ReadResult } from '../core/index.ts';

export class LocalInput {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #clock: Clock;

  /** What `input` throws is why it was broken off, in words: `SIGTERM received`. */
  constructor(input: AsyncIterable<Uint8Array>, clock: Clock) {
    this.#iterator = input[Symbol.asyncIterator]();
    this.#clock = clock;
  }

  async read(until: Deadline): Promise<ReadResult> {
    try {
      const next = await this.#next(until);
      if (next === 'timeout') return { kind: 'timeout' };
      if (next.done === true) return { kind: 'end' };
      const { buffer, byteOffset, length } = next.value;
      return { kind: 'data', bytes: Buffer.from(buffer, byteOffset, length) };
    } catch (error) {
      return { kind: 'error', errno: 'EIO', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #next(until: Deadline): Promise<IteratorResult<Uint8Array> | 'timeout'> {
    if (until.endMs === Number.POSITIVE_INFINITY) return this.#iterator.next();
    const waiting = new AbortController();
    const signal = AbortSignal.any([until.signal, waiting.signal]);
    const left = Math.max(0, until.endMs - this.#clock.monotonicMs());
    const late = this.#clock.sleep(left, { endMs: until.endMs, signal }).then(() => 'timeout' as const);
    try {
      return await Promise.race([this.#iterator.next(), late]);
    } finally {
      waiting.abort();
    }
  }
}
