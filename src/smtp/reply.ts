/** Replies: how a server formats them and how a client reads them. RFC 5321 s4.2, RFC 2034. Pure but for the reader's state. */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, trimStart } from '../base/octets.ts';

/** `550-first` … `550 last`, each ended by CRLF. An empty line of the text stays a line. */
export function formatReply(code: string, text: Octets): Octets {
  const lines = text.split('\n');
  while (lines.length > 1 && lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => `${code}${index === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');
}

/** A text that brings its own code and perhaps an enhanced one: `553 5.7.1 text`. */
export interface CodedText {
  readonly code: string;
  /** With a space behind it; '' when there is none. */
  readonly enhanced: Octets;
  readonly text: Octets;
}

/** Takes the code from the front of a text that an administrator wrote; `fallback` when there is none, or nothing behind it. */
export function splitCode(text: Octets, fallback: string): CodedText {
  const match = /^([0-9]{3})[ \t]+([245]\.[0-9]{1,3}\.[0-9]{1,3}[ \t]+)?/.exec(text);
  if (!match) return { code: fallback, enhanced: '', text };
  return { code: match[1] ?? fallback, enhanced: match[2] ?? '', text: text.slice(match[0].length) };
}

/** A line is not made shorter than this by breaking it. */
const SHORTEST_BROKEN_LINE = 36;

/** Breaks long lines of a text at spaces, so that reply lines stay short; lines that the text has are kept, without spaces and empty lines before them. Spec ch. 44 "ACL modifiers", `message`. */
export function wrapReplyText(text: Octets, limit: number): Octets[] {
  const lines: Octets[] = [];
  for (const line of text.split('\n')) {
    let rest = lines.length === 0 ? line : trimStart(line);
    if (rest === '' && lines.length > 0) continue;
    while (rest.length > limit) {
      const at = breakBefore(rest, limit);
      if (at < 0) break;
      lines.push(rest.slice(0, at));
      rest = rest.slice(at + 1);
    }
    lines.push(rest);
  }
  return lines;
}

/** The space to break at: behind a colon if there is one, the last that fits, else the first that does not. -1: none. */
function breakBefore(text: Octets, limit: number): number {
  const afterColon = text.lastIndexOf(': ', limit - 1) + 1;
  if (afterColon >= SHORTEST_BROKEN_LINE) return afterColon;
  const fitting = text.lastIndexOf(' ', limit);
  return fitting >= SHORTEST_BROKEN_LINE ? fitting : text.indexOf(' ', limit);
}

// ---------------------------------------------------------------- the client's side

export interface Reply {
  readonly code: number;
  /** Lines without their codes. */
  readonly lines: readonly Octets[];
  /** As it came, lines joined by \n with their codes: what the log shows. */
  readonly raw: Octets;
}

export type ReplyStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'reply'; readonly reply: Reply /** Octets of the input that were not used. */; readonly rest: Buffer }
  /** Not SMTP, or more than any server has to say. `raw` is what came. */
  | { readonly kind: 'malformed'; readonly raw: Octets };

/** All lines of a reply together, as in Exim: what is longer is cut there and told as malformed. */
const MAX_REPLY_BYTES = 4093;
const LF = 0x0a;

/** Collects one reply from the octets that arrive. A new reader for each reply, begun with what the last one left. */
export class ReplyReader {
  #pending: Buffer = Buffer.alloc(0);
  readonly #lines: Octets[] = [];
  readonly #rawLines: Octets[] = [];
  /** Of the finished lines, with a newline for each. */
  #bytes = 0;

  push(chunk: Uint8Array): ReplyStep {
    let data: Buffer =
      this.#pending.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([this.#pending, chunk]);
    for (let end = data.indexOf(LF); end >= 0; end = data.indexOf(LF)) {
      const line = octetsFromBytes(data.subarray(0, end > 0 && data[end - 1] === 0x0d ? end - 1 : end));
      data = data.subarray(end + 1);
      this.#rawLines.push(line);
      this.#bytes += line.length + 1;
      if (this.#bytes > MAX_REPLY_BYTES + 1) return this.#tooLong('');
      const match = /^([0-9]{3})([ -]|$)/.exec(line);
      if (!match || (this.#rawLines[0] ?? '').slice(0, 3) !== match[1]) return { kind: 'malformed', raw: this.#rawLines.join('\n') };
      this.#lines.push(line.slice(4));
      if (match[2] !== '-') {
        return {
          kind: 'reply',
          reply: { code: Number.parseInt(match[1] ?? '', 10), lines: this.#lines, raw: this.#rawLines.join('\n') },
          rest: data,
        };
      }
    }
    this.#pending = data;
    return this.#bytes + data.length > MAX_REPLY_BYTES + 1 ? this.#tooLong(octetsFromBytes(data)) : { kind: 'more' };
  }

  #tooLong(unfinished: Octets): ReplyStep {
    return { kind: 'malformed', raw: [...this.#rawLines, unfinished].join('\n').slice(0, MAX_REPLY_BYTES) };
  }
}
