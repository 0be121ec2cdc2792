/** Hashes of one body for all of its signatures, made while it is received or before it is sent: each form is made once, each hash of it too. RFC 6376 s3.7. */
import { createHash, type Hash } from 'node:crypto';
import { BodyCanonicalizer, type Form } from './canonicalization.ts';
import type { HashName } from './signature.ts';

/** What a signature wants hashed. */
export interface WantedHash {
  readonly bodyForm: Form;
  readonly hash: HashName;
  /** Octets of the canonical body; undefined: all. */
  readonly bodyLength: number | undefined;
}

/** A body line with more octets, without its end, ends verification, as in Exim. */
const MAX_LINE = 16_381;
/** Empty lines count only when something follows, and then for every hash at once: the event loop stands still meanwhile. */
const MAX_EMPTY_LINES = 500_000;

const LF = 0x0a;

export class BodyHashes {
  readonly #hashers = new Map<string, Hasher>();
  readonly #forms: readonly BodyCanonicalizer[];
  readonly #maxLine: number;
  #lineLength = 0;
  #hasLongLine = false;

  /** `maxLine`: a longer line, without its end, is noted, and nothing behind it is hashed. Infinity: of a message that is to be signed, as it is. */
  constructor(wanted: readonly WantedHash[], maxLine = MAX_LINE) {
    this.#maxLine = maxLine;
    for (const each of wanted) this.#hashers.set(keyOf(each), new Hasher(each));
    const hashers = [...this.#hashers.values()];
    this.#forms = (['simple', 'relaxed'] as const).flatMap((form) => {
      const its = hashers.filter(({ wanted: { bodyForm } }) => bodyForm === form);
      if (its.length === 0) return [];
      return [
        new BodyCanonicalizer(
          form,
          (octets) => {
            for (const hasher of its) hasher.update(octets);
          },
          Number.isFinite(maxLine) ? MAX_EMPTY_LINES : maxLine,
        ),
      ];
    });
  }

  /** Or more empty lines in a row than a message has. */
  get hasLongLine(): boolean {
    return this.#hasLongLine;
  }

  /** Octets of the body with \n line ends. */
  push(octets: Buffer): void {
    this.#measure(octets);
    if (this.#hasLongLine) return;
    for (const form of this.#forms) {
      form.push(octets);
      this.#hasLongLine ||= form.hasTooManyEnds;
    }
  }

  #measure(octets: Buffer): void {
    let from = 0;
    for (let end = octets.indexOf(LF); end >= 0; end = octets.indexOf(LF, from)) {
      this.#hasLongLine ||= this.#lineLength + end - from > this.#maxLine;
      this.#lineLength = 0;
      from = end + 1;
    }
    this.#lineLength += octets.length - from;
    this.#hasLongLine ||= this.#lineLength > this.#maxLine;
  }

  end(): void {
    for (const form of this.#forms) form.end();
  }

  /** Behind `end`, of what was wanted. */
  digest(wanted: WantedHash): Buffer {
    return this.#hashers.get(keyOf(wanted))?.digest() ?? Buffer.alloc(0);
  }
}

function keyOf({ bodyForm, hash, bodyLength }: WantedHash): string {
  return `${bodyForm} ${hash} ${bodyLength ?? ''}`;
}

class Hasher {
  readonly wanted: WantedHash;
  readonly #hash: Hash;
  #left: number;
  #digest: Buffer | undefined;

  constructor(wanted: WantedHash) {
    this.wanted = wanted;
    this.#hash = createHash(wanted.hash);
    this.#left = wanted.bodyLength ?? Number.POSITIVE_INFINITY;
  }

  update(octets: Buffer): void {
    if (this.#left <= 0) return;
    const used = octets.length <= this.#left ? octets : octets.subarray(0, this.#left);
    this.#hash.update(used);
    this.#left -= used.length;
  }

  digest(): Buffer {
    this.#digest ??= this.#hash.digest();
    return this.#digest;
  }
}
