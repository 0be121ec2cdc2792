/**
 * The octets of a message as a transport writes them: prefix, header lines, body, suffix; with `check_string` escaped, or lines ended
 * by CRLF and dots doubled for SMTP (RFC 5321 s4.5.2). Large bodies pass through chunk by chunk.
 */

import type { Octets } from '../base/octets.ts';
import { bytesFromOctets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Body } from '../core/message.ts';

export interface MessageFormat {
  readonly prefix?: Octets;
  readonly suffix?: Octets;
  /** Undefined: `body_only`. */
  readonly headers?: readonly Octets[] | undefined;
  /** Undefined: `headers_only`. */
  readonly body?: Body | undefined;
  readonly useCrlf: boolean;
  /** The start of a line that is replaced by another. `.` and `..` for SMTP. */
  readonly check?: { readonly from: Octets; readonly to: Octets } | undefined;
  /** The last line gets its line end if it has none. */
  readonly endsLine: boolean;
}

/** Parts in order. Prefix and suffix are written as they are. */
export async function* messageText(format: MessageFormat, until: Deadline): AsyncGenerator<Buffer, void, void> {
  if (format.prefix !== undefined && format.prefix !== '') yield bytesFromOctets(format.prefix);
  const lines = new LineWriter(format);
  if (format.headers !== undefined) yield lines.write(bytesFromOctets(`${format.headers.join('')}\n`));
  if (format.body !== undefined) {
    if (format.body.bytes !== undefined) yield lines.write(format.body.bytes);
    else for await (const chunk of format.body.chunks(until)) yield lines.write(chunk);
  }
  const rest = lines.end();
  if (rest.length > 0) yield rest;
  if (format.suffix !== undefined && format.suffix !== '') yield bytesFromOctets(format.suffix);
}

/** Transforms octets line by line; what may be the beginning of a line to escape waits for the next chunk. */
class LineWriter {
  readonly #format: MessageFormat;
  #isLineStart = true;
  #held = '';

  constructor(format: MessageFormat) {
    this.#format = format;
  }

  write(chunk: Buffer): Buffer {
    const { check, useCrlf } = this.#format;
    if (check === undefined && !useCrlf) {
      if (chunk.length > 0) this.#isLineStart = chunk[chunk.length - 1] === 0x0a;
      return chunk;
    }
    const text = this.#held + chunk.latin1Slice();
    this.#held = '';
    return this.#transform(check === undefined ? text : this.#holdBack(text, check.from));
  }

  /** What was held, and the end of an unfinished last line. */
  end(): Buffer {
    const rest = this.#transform(this.#held);
    this.#held = '';
    if (!this.#format.endsLine || this.#isLineStart) return rest;
    return Buffer.concat([rest, bytesFromOctets(this.#format.useCrlf ? '\r\n' : '\n')]);
  }

  /** The last line stays back while it is shorter than what is looked for. */
  #holdBack(text: Octets, from: Octets): Octets {
    const lineStart = text.lastIndexOf('\n') + 1;
    const isWholeLine = lineStart > 0 || this.#isLineStart;
    const last = text.length - lineStart;
    if (!isWholeLine || last === 0 || last >= from.length || !from.startsWith(text.slice(lineStart))) return text;
    this.#held = text.slice(lineStart);
    return text.slice(0, lineStart);
  }

  #transform(text: Octets): Buffer {
    if (text === '') return Buffer.alloc(0);
    const { check, useCrlf } = this.#format;
    let result = text;
    if (check !== undefined) {
      result = result.replaceAll(`\n${check.from}`, () => `\n${check.to}`);
      if (this.#isLineStart && text.startsWith(check.from)) result = check.to + result.slice(check.from.length);
    }
    this.#isLineStart = text.endsWith('\n');
    if (useCrlf) result = result.replaceAll('\n', '\r\n');
    return bytesFromOctets(result);
  }
}
