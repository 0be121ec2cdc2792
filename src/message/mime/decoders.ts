/**
 * Content-Transfer-Encoding undone, piece by piece: what comes out does not depend on how the input is cut. What is broken is decoded as far as it
 * can be, and noted. RFC 2045 s6.7, s6.8.
 */
import { lazy } from '../../base/lazy.ts';
import type { Octets } from '../../base/octets.ts';
import type { MimeAnomaly } from '../../core/content-scan.ts';

export interface PartDecoder {
  write(bytes: Buffer): Buffer;
  /** What was kept back for want of what follows. */
  end(): Buffer;
  /** What was wrong so far. */
  readonly anomaly: MimeAnomaly | undefined;
}

/** As `$mime_content_transfer_encoding` has it; all but two leave the octets as they are. */
export function makePartDecoder(encoding: Octets | undefined): PartDecoder {
  if (encoding === 'base64') return new Base64Decoder();
  return encoding === 'quoted-printable' ? new QuotedPrintableDecoder() : new PlainDecoder();
}

const NOTHING = Buffer.alloc(0);

class PlainDecoder implements PartDecoder {
  readonly anomaly = undefined;

  write(bytes: Buffer): Buffer {
    return bytes;
  }

  end(): Buffer {
    return NOTHING;
  }
}

const IGNORED = 64;
const PADDING = 65;
const BROKEN = 66;

const base64Values = lazy(() => {
  const values = new Uint8Array(256).fill(BROKEN);
  for (const [value, octet] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
    values[octet.charCodeAt(0)] = value;
  for (const octet of '\r\n') values[octet.charCodeAt(0)] = IGNORED;
  values['='.charCodeAt(0)] = PADDING;
  return values;
});

/** What is no base64 is passed over and noted. Behind padding it goes on with the next group. */
class Base64Decoder implements PartDecoder {
  readonly #values = base64Values();
  #isBroken = false;
  /** The group that is not whole: its bits and how many characters it has. */
  #bits = 0;
  #count = 0;

  get anomaly(): MimeAnomaly | undefined {
    return this.#isBroken ? { level: 2, text: 'Broken BASE64 encoding detected' } : undefined;
  }

  write(bytes: Buffer): Buffer {
    const out = Buffer.allocUnsafe(Math.ceil(((bytes.length + 4) * 3) / 4));
    let length = 0;
    for (const octet of bytes) {
      const value = this.#values[octet] ?? BROKEN;
      if (value < 64) {
        this.#bits = (this.#bits << 6) | value;
        if (++this.#count < 4) continue;
        out[length++] = this.#bits >> 16;
        out[length++] = this.#bits >> 8;
        out[length++] = this.#bits;
        this.#bits = this.#count = 0;
      } else if (value === PADDING) length += this.#finishGroup(out, length);
      else if (value === BROKEN) this.#isBroken = true;
    }
    return out.subarray(0, length);
  }

  end(): Buffer {
    const out = Buffer.alloc(2);
    return out.subarray(0, this.#finishGroup(out, 0));
  }

  /** Two characters are one octet, three are two. */
  #finishGroup(out: Buffer, at: number): number {
    const octets = Math.max(0, this.#count - 1);
    const bits = this.#bits << (6 * (4 - this.#count));
    for (let index = 0; index < octets; index++) out[at + index] = bits >> (16 - 8 * index);
    this.#bits = this.#count = 0;
    return octets;
  }
}

const EQUALS = 0x3d;
const LF = 0x0a;
const CR = 0x0d;

/** So much white space may stand between `=` and the end of its line. */
const MAX_BLANKS = 1000;

/** `=` with no digits behind it stands for itself and is noted. */
class QuotedPrintableDecoder implements PartDecoder {
  #isBroken = false;
  /** Begins with `=`. */
  #kept: Buffer = NOTHING;

  get anomaly(): MimeAnomaly | undefined {
    return this.#isBroken ? { level: 1, text: 'Broken Quoted-Printable encoding detected' } : undefined;
  }

  write(bytes: Buffer): Buffer {
    return this.#decode(this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]), false);
  }

  end(): Buffer {
    return this.#decode(this.#kept, true);
  }

  #decode(bytes: Buffer, isLast: boolean): Buffer {
    const out = Buffer.allocUnsafe(bytes.length);
    let length = 0;
    let at = 0;
    this.#kept = NOTHING;
    while (at < bytes.length) {
      const equals = bytes.indexOf(EQUALS, at);
      const plain = bytes.subarray(at, equals < 0 ? bytes.length : equals);
      out.set(plain, length);
      length += plain.length;
      if (equals < 0) break;
      const escape = readEscape(bytes, equals + 1);
      if (escape.kind === 'cut' && !isLast) {
        this.#kept = Buffer.from(bytes.subarray(equals));
        break;
      }
      at = escape.kind === 'cut' ? equals + 1 : escape.end;
      if (escape.kind === 'octet') out[length++] = escape.octet;
      else if (escape.kind !== 'line-end') {
        out[length++] = EQUALS;
        this.#isBroken = true;
      }
    }
    return out.subarray(0, length);
  }
}

type Escape =
  | { readonly kind: 'octet'; readonly octet: number; readonly end: number }
  | { readonly kind: 'line-end' | 'broken'; readonly end: number }
  /** It cannot be told yet. */
  | { readonly kind: 'cut' };

/** What `=` before `from` means. */
function readEscape(bytes: Buffer, from: number): Escape {
  const high = hexDigit(bytes[from]);
  const low = hexDigit(bytes[from + 1]);
  if (high !== undefined && low !== undefined) return { kind: 'octet', octet: 16 * high + low, end: from + 2 };
  if (from >= bytes.length || (high !== undefined && from + 1 === bytes.length)) return { kind: 'cut' };
  let at = from;
  while (at < bytes.length && at - from < MAX_BLANKS && isBlank(bytes[at])) at++;
  if (at === bytes.length) return { kind: 'cut' };
  return bytes[at] === LF ? { kind: 'line-end', end: at + 1 } : { kind: 'broken', end: from };
}

function isBlank(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09 || octet === CR;
}

function hexDigit(octet = 0): number | undefined {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const letter = octet | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}
