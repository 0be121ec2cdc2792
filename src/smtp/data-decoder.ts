/**
 * Message data on the wire to lines that end with LF: dot-unstuffing, line ends, the end of the message. The end of the first line decides
 * how the rest is read (DESIGN.md 6, RFC 5321 s4.5.2): after CRLF only CRLF.CRLF ends the message, a bare LF becomes a space, a bare CR a
 * newline; after a bare LF every LF ends a line, with or without a CR before it. In a header a newline from a bare CR is followed by a space,
 * so that it does not begin another header.
 */

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const SPACE = 0x20;

/** How messages end: at a dot after unstuffing (SMTP), at a line with nothing but a dot (-bm), or at the end of the input. */
export type DataFraming = 'dot' | 'lone-dot' | 'end-of-input';

export interface DecodeStep {
  /** Octets to keep; a view of the decoder's own new buffer. */
  readonly output: Buffer;
  /** The octets of the input behind the end of the message; undefined while it goes on. */
  readonly rest: Buffer | undefined;
}

export class DataDecoder {
  readonly #framing: DataFraming;
  /** undefined until the first line ended. */
  #isCrlf: boolean | undefined;
  #isLineStart = true;
  #isInHeader = true;
  /** A CR that ended the last chunk. */
  #heldCr = false;
  /** The line so far is a dot that may end the message: `.` or `.\r`. */
  #heldDot: '' | '.' | '.\r' = '';
  /** Whether the line began after a real line end: a dot after a bare CR was not stuffed and ends nothing. */
  #isRealStart = true;
  #lineLength = 0;
  hasBareLineEnd = false;
  /** The header has other octets than came. */
  hasBareCrInHeader = false;
  #headerLineCount = 0;
  /** Which line of the header, counted from 1, ended with a bare LF first; 0: none. */
  bareHeaderLine = 0;
  maxLineLength = 0;

  /** Only SMTP has stuffed dots and a line end that decides about the others; `isStrict`: that is CRLF whatever comes (smtp_strict_crlf). */
  constructor(framing: DataFraming = 'dot', isStrict = false) {
    this.#framing = framing;
    if (isStrict) this.#isCrlf = true;
    else if (framing !== 'dot') this.#isCrlf = false;
  }

  push(input: Buffer): DecodeStep {
    // A bare CR in a header gives two octets; held octets of the last chunk come out too. Not from the pool: bodies are kept.
    const output = Buffer.allocUnsafeSlow(input.length * (this.#isInHeader ? 2 : 1) + 4);
    let to = 0;
    let at = 0;
    const newline = (fromBareCr: boolean): void => {
      output[to++] = LF;
      if (this.#lineLength > this.maxLineLength) this.maxLineLength = this.#lineLength;
      if (this.#lineLength === 0 && !fromBareCr) this.#isInHeader = false;
      this.#lineLength = 0;
      this.#isLineStart = true;
      this.#isRealStart = !fromBareCr;
      if (fromBareCr && this.#isInHeader) {
        this.hasBareCrInHeader = true;
        output[to++] = SPACE;
        this.#lineLength = 1;
        this.#isLineStart = false;
      }
    };
    const endOfLine = (hasCr: boolean): void => {
      if (this.#isCrlf === undefined) this.#isCrlf = hasCr;
      if (this.#isInHeader) this.#headerLineCount++;
      if (!hasCr && this.#isInHeader && this.bareHeaderLine === 0) this.bareHeaderLine = this.#headerLineCount;
      if (!hasCr && this.#isCrlf) {
        this.hasBareLineEnd = true;
        output[to++] = SPACE;
        this.#lineLength++;
        this.#isLineStart = false;
      } else newline(false);
    };
    while (at < input.length) {
      if (this.#heldCr) {
        this.#heldCr = false;
        if (input[at] === LF) {
          at++;
          endOfLine(true);
        } else {
          this.hasBareLineEnd = true;
          newline(true);
        }
        continue;
      }
      if (this.#framing !== 'end-of-input' && this.#isLineStart && this.#isRealStart) {
        const ended = this.#dotAt(input, at);
        if (ended.kind === 'end') return { output: output.subarray(0, to), rest: input.subarray(ended.next) };
        if (ended.kind === 'wait') {
          at = input.length;
          break;
        }
        at = ended.next;
        if (ended.literal !== '') {
          to += output.write(ended.literal, to, 'latin1');
          this.#lineLength += ended.literal.length;
          this.#isLineStart = false;
        }
        if (ended.pendingCr) {
          this.#heldCr = true;
          continue;
        }
        if (at >= input.length) break;
      }
      // The rest of the line: up to the next CR or LF.
      let stop = input.indexOf(LF, at);
      if (stop < 0) stop = input.length;
      const cr = input.subarray(at, stop).indexOf(CR);
      if (cr >= 0) stop = at + cr;
      if (stop > at) {
        input.copy(output, to, at, stop);
        to += stop - at;
        this.#lineLength += stop - at;
        this.#isLineStart = false;
        at = stop;
      }
      if (at >= input.length) break;
      if (input[at] === CR) this.#heldCr = true;
      else endOfLine(false);
      at++;
    }
    return { output: output.subarray(0, to), rest: undefined };
  }

  /** At the end of the input (without a final dot): what was held back. */
  finish(): Buffer {
    const held = this.#heldDot.replace('\r', '\n') + (this.#heldCr ? '\n' : '');
    this.#heldDot = '';
    this.#heldCr = false;
    if (this.#lineLength > this.maxLineLength) this.maxLineLength = this.#lineLength;
    return Buffer.from(held, 'latin1');
  }

  /** Looks at a line's start: the final dot, a stuffed dot, or neither. `wait`: the chunk ended before it is known. */
  #dotAt(
    input: Buffer,
    from: number,
  ):
    | { readonly kind: 'end'; readonly next: number }
    | { readonly kind: 'wait' }
    | { readonly kind: 'go'; readonly next: number; readonly literal: '' | '.'; readonly pendingCr: boolean } {
    let at = from;
    let held = this.#heldDot;
    this.#heldDot = '';
    if (held === '') {
      if (input[at] !== DOT) return { kind: 'go', next: at, literal: '', pendingCr: false };
      held = '.';
      at++;
    }
    if (held === '.') {
      if (at >= input.length) return this.#hold('.');
      const next = input[at];
      if (next === LF && this.#isCrlf !== true) return { kind: 'end', next: at + 1 };
      if (next !== CR) {
        // `..` is a dot, `.x` loses its dot (RFC 5321 s4.5.2).
        if (this.#framing === 'lone-dot') return { kind: 'go', next: at, literal: '.', pendingCr: false };
        return next === DOT
          ? { kind: 'go', next: at + 1, literal: '.', pendingCr: false }
          : { kind: 'go', next: at, literal: '', pendingCr: false };
      }
      held = '.\r';
      at++;
    }
    if (at >= input.length) return this.#hold('.\r');
    if (input[at] === LF) return { kind: 'end', next: at + 1 };
    // A dot and a bare CR: the dot was stuffing, the CR is handled as such.
    return { kind: 'go', next: at, literal: this.#framing === 'lone-dot' ? '.' : '', pendingCr: true };
  }

  #hold(text: '.' | '.\r'): { readonly kind: 'wait' } {
    this.#heldDot = text;
    return { kind: 'wait' };
  }
}
