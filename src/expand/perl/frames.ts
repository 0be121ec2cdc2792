/**
 * Frames to and from the Perl process: four octets of length, one of type, a text.
 * To it: `S` startup code, `C` call (`N/a` strings), `V` value, `F` forced failure, `X` failed expansion.
 * From it: `R` returned, `U` undef, `D` died, `E` expand, `L` log, `W` debug.
 */
import type { Octets } from '../../base/octets.ts';

/** More is no text to put into a string. */
export const FRAME_LIMIT_BYTES = 16 << 20;

export interface PerlFrame {
  readonly type: string;
  readonly text: Octets;
}

export function encodePerlFrame(type: 'S' | 'C' | 'V' | 'F' | 'X', text: Octets): Buffer {
  const frame = Buffer.alloc(5 + text.length);
  frame.writeUInt32BE(text.length + 1);
  frame.write(type + text, 4, 'latin1');
  return frame;
}

/** The strings of a call, as Perl's `unpack '(N/a)*'` reads them. */
export function packStrings(texts: readonly Octets[]): Octets {
  return texts.map((text) => lengthPrefix(text.length) + text).join('');
}

function lengthPrefix(length: number): Octets {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(length);
  return prefix.latin1Slice();
}

/** Cuts what arrives into frames. */
export class PerlFrameReader {
  #waiting: Buffer = Buffer.alloc(0);

  /** `too-long`: the stream cannot be followed any further. */
  push(bytes: Buffer): readonly PerlFrame[] | 'too-long' {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    const frames: PerlFrame[] = [];
    while (this.#waiting.length >= 5) {
      const length = this.#waiting.readUInt32BE(0);
      if (length > FRAME_LIMIT_BYTES || length === 0) return 'too-long';
      if (this.#waiting.length < 4 + length) break;
      frames.push({ type: this.#waiting.latin1Slice(4, 5), text: this.#waiting.latin1Slice(5, 4 + length) });
      this.#waiting = this.#waiting.subarray(4 + length);
    }
    return frames;
  }
}
