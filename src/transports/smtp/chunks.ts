/**
 * A message in chunks for BDAT: header lines in chunks of 8191 octets, then what is left of them and the body; together when that is short. Dots
 * are not doubled. RFC 3030 s2; spec ch. 30 `hosts_try_chunking`.
 */
import type { Octets } from '../../base/octets.ts';
import { bytesFromOctets } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { Body } from '../../core/message.ts';
import { messageText } from '../message-text.ts';

export interface Chunk {
  readonly size: number;
  readonly isLast: boolean;
  /** The octets: one Buffer, or as they are read. */
  readonly content: Buffer | AsyncIterable<Buffer>;
}

/** A chunk of header lines. */
const HEADER_CHUNK = 8191;
/** What is left of the header goes out with the body when both are no longer than this. */
const MAX_TOGETHER = 8192;

/** `headers`, `body` undefined: they are not sent. The last chunk may be empty. */
export async function* messageChunks(
  headers: readonly Octets[] | undefined,
  body: Body | undefined,
  until: Deadline,
): AsyncGenerator<Chunk, void, void> {
  let rest = headers === undefined ? Buffer.alloc(0) : bytesFromOctets(`${headers.join('')}\n`.replaceAll('\n', '\r\n'));
  while (rest.length > HEADER_CHUNK) {
    yield { size: HEADER_CHUNK, isLast: false, content: rest.subarray(0, HEADER_CHUNK) };
    rest = rest.subarray(HEADER_CHUNK);
  }
  const size = body === undefined ? 0 : await sizeInLines(body, until);
  const text = (): AsyncIterable<Buffer> => messageText({ body, useCrlf: true, endsLine: true }, until);
  if (rest.length + size <= MAX_TOGETHER) {
    const all = [rest];
    for await (const part of text()) all.push(part);
    const content = Buffer.concat(all);
    yield { size: content.length, isLast: true, content };
    return;
  }
  if (rest.length > 0) yield { size: rest.length, isLast: size === 0, content: rest };
  if (size > 0) yield { size, isLast: true, content: text() };
}

const LF = 0x0a;

/** Of the body with CRLF at the end of each line, also of the last one if it has none. */
async function sizeInLines(body: Body, until: Deadline): Promise<number> {
  let lines = 0;
  let last = LF;
  const parts = body.bytes === undefined ? body.chunks(until) : [body.bytes];
  for await (const part of parts) {
    lines += countLines(part);
    last = part.at(-1) ?? last;
  }
  return body.sizeBytes + lines + (last === LF ? 0 : 2);
}

function countLines(octets: Buffer): number {
  let count = 0;
  for (let at = octets.indexOf(LF); at >= 0; at = octets.indexOf(LF, at + 1)) count++;
  return count;
}
