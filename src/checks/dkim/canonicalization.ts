/** What is signed of header lines and body: forms in which small changes on the way do not count. RFC 6376 s3.4. */
import { lowerCase, type Octets, trimEnd } from '../../base/octets.ts';

export type Form = 'simple' | 'relaxed';

/** A header line, with \n line ends, as it is signed, with CRLF. RFC 6376 s3.4.1, s3.4.2. */
export function canonicalHeader(line: Octets, form: Form): Octets {
  if (form === 'simple') return line.replaceAll('\n', '\r\n');
  const colon = line.indexOf(':');
  const value = line
    .slice(colon + 1)
    .replace(/\r?\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '');
  return `${lowerCase(trimEnd(line.slice(0, colon)))}:${value}\r\n`;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/** So much is made before it is handed on. */
const OUTPUT_OCTETS = 16 * 1024;

/**
 * A body that comes in pieces, with \n line ends, wherever they are cut; `write` gets it as it is signed. What it is given is only good until it
 * returns. Empty lines and white space at ends are held back as counts, so nothing grows with the body. RFC 6376 s3.4.3, s3.4.4.
 */
export class BodyCanonicalizer {
  readonly #form: Form;
  readonly #write: (octets: Buffer) => void;
  readonly #maxEnds: number;
  readonly #output = Buffer.allocUnsafe(OUTPUT_OCTETS);
  #length = 0;
  /** Line ends that count only when something follows. */
  #pendingEnds = 0;
  #pendingSpace = false;
  #isEmpty = true;
  /** What it has made since is not the body: more line ends than `maxEnds` stood in a row before something else. */
  hasTooManyEnds = false;

  constructor(form: Form, write: (octets: Buffer) => void, maxEnds = Number.POSITIVE_INFINITY) {
    this.#form = form;
    this.#write = write;
    this.#maxEnds = maxEnds;
  }

  push(octets: Buffer): void {
    if (this.#form === 'simple') this.#pushSimple(octets);
    else this.#pushRelaxed(octets);
    this.#flush();
  }

  /** RFC 6376 s3.4.3: an empty body is one line end in the simple form, nothing in the relaxed one. */
  end(): void {
    if (!this.#isEmpty || this.#form === 'simple') this.#putLineEnd();
    this.#flush();
  }

  #pushSimple(octets: Buffer): void {
    for (let from = 0; from < octets.length; ) {
      if (octets[from] === LF) {
        this.#pendingEnds++;
        from++;
        continue;
      }
      const found = octets.indexOf(LF, from);
      const end = found < 0 ? octets.length : found;
      this.#putPendingEnds();
      this.#putAll(octets, from, end);
      from = end;
    }
  }

  /** Octet by octet, into the output directly: this is where the time goes. */
  #pushRelaxed(octets: Buffer): void {
    const output = this.#output;
    for (let at = 0; at < octets.length; at++) {
      const octet = octets[at] ?? 0;
      if (octet === LF) {
        this.#pendingEnds++;
        this.#pendingSpace = false;
      } else if (octet === SPACE || octet === TAB) this.#pendingSpace = true;
      else {
        if (this.#pendingEnds > 0) this.#putPendingEnds();
        if (this.#length + 2 > OUTPUT_OCTETS) this.#flush();
        if (this.#pendingSpace) output[this.#length++] = SPACE;
        this.#pendingSpace = false;
        this.#isEmpty = false;
        output[this.#length++] = octet;
      }
    }
  }

  #putPendingEnds(): void {
    if (this.#pendingEnds > this.#maxEnds) {
      this.hasTooManyEnds = true;
      this.#pendingEnds = 0;
    }
    for (; this.#pendingEnds > 0; this.#pendingEnds--) this.#putLineEnd();
  }

  #putLineEnd(): void {
    if (this.#length + 2 > OUTPUT_OCTETS) this.#flush();
    this.#output[this.#length++] = CR;
    this.#output[this.#length++] = LF;
  }

  #putAll(octets: Buffer, from: number, to: number): void {
    this.#isEmpty = false;
    for (let at = from; at < to; ) {
      if (this.#length === OUTPUT_OCTETS) this.#flush();
      const size = Math.min(to - at, OUTPUT_OCTETS - this.#length);
      octets.copy(this.#output, this.#length, at, at + size);
      this.#length += size;
      at += size;
    }
  }

  #flush(): void {
    if (this.#length > 0) this.#write(this.#output.subarray(0, this.#length));
    this.#length = 0;
  }
}
