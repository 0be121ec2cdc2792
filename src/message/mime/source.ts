/** Octets that are read where they are wanted: a message in a file, of which a piece is held at a time. */

export interface ByteSource {
  /** Up to `length` octets from `from` on; fewer only at the end. */
  read(from: number, length: number): Promise<Buffer>;
}

/** What is read at a time. */
export const WINDOW_BYTES = 64 * 1024;

/** Keeps what was read last: neighbours of it cost nothing. */
export class Window {
  readonly #source: ByteSource;
  #bytes: Buffer = Buffer.alloc(0);
  #from = 0;
  #isLast = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** At least `least` octets from `from` on (at most {@link WINDOW_BYTES}), or all that are left; empty at the end. */
  async at(from: number, least = 1): Promise<Buffer> {
    return this.#held(from, least) ?? (await this.#load(from));
  }

  #held(from: number, least: number): Buffer | undefined {
    const end = this.#from + this.#bytes.length;
    if (from < this.#from || from > end) return undefined;
    return this.#isLast || end - from >= least ? this.#bytes.subarray(from - this.#from) : undefined;
  }

  async #load(from: number): Promise<Buffer> {
    this.#bytes = await this.#source.read(from, WINDOW_BYTES);
    this.#from = from;
    this.#isLast = this.#bytes.length < WINDOW_BYTES;
    return this.#bytes;
  }
}
