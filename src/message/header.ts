/**
 * Header lines: names, Exim's type letters, finding, unfolding, encoded words. RFC 5322 s2.2, RFC 2047.
 */

import type { Octets } from '../base/octets.ts';
import {
  equalsIgnoreCase,
  lowerCase,
  octetsFromUnicode,
  trimEnd,
  trimSpace,
  trimStart,
  unicodeFromOctets,
  upperCase,
} from '../base/octets.ts';
import type { HeaderLine, HeaderType } from '../core/message.ts';

/** Of the headers that have a letter in -H. The Resent- forms have the letters of what they resend, but for Resent-Reply-To. Spec ch. "Format of spool files". */
const TYPES: ReadonlyMap<string, HeaderType> = new Map([
  ['bcc', 'B'],
  ['cc', 'C'],
  ['from', 'F'],
  ['message-id', 'I'],
  ['received', 'P'],
  ['reply-to', 'R'],
  ['sender', 'S'],
  ['to', 'T'],
  ['resent-bcc', 'B'],
  ['resent-cc', 'C'],
  ['resent-from', 'F'],
  ['resent-message-id', 'I'],
  ['resent-sender', 'S'],
  ['resent-to', 'T'],
]);

/** Whether a name octet: printable but the colon (RFC 5322 s3.6.8); octets from 0x80 too, which `verify = header_names_ascii` finds. */
function isNameCode(code: number): boolean {
  return code > 0x20 && code !== 0x7f && code !== 0x3a;
}

/** The name before the colon, as written, perhaps ''; undefined when the text does not begin as a header line. White space before the colon is allowed. */
export function headerName(text: Octets): Octets | undefined {
  let at = 0;
  while (at < text.length && isNameCode(text.charCodeAt(at))) at++;
  if (at === 0 && text[0] !== ':') return undefined;
  const nameEnd = at;
  while (at < text.length && (text[at] === ' ' || text[at] === '\t')) at++;
  return text[at] === ':' ? text.slice(0, nameEnd) : undefined;
}

export function headerTypeOf(name: Octets): HeaderType {
  return TYPES.get(lowerCase(name)) ?? ' ';
}

/** A header line from its text, which ends with a newline (one is added where it is missing). */
export function makeHeader(text: Octets): HeaderLine {
  const whole = text.endsWith('\n') ? text : `${text}\n`;
  const name = headerName(whole);
  return { type: name === undefined ? ' ' : headerTypeOf(name), text: whole };
}

export function hasName(header: HeaderLine, name: Octets): boolean {
  const text = header.text;
  if (text.length <= name.length || !equalsIgnoreCase(text.slice(0, name.length), name)) return false;
  let at = name.length;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return text[at] === ':';
}

/** The headers of that name that are not deleted, in order. */
export function findHeaders(headers: readonly HeaderLine[], name: Octets): HeaderLine[] {
  return headers.filter((header) => header.type !== '*' && hasName(header, name));
}

export function findHeader(headers: readonly HeaderLine[], name: Octets): HeaderLine | undefined {
  return headers.find((header) => header.type !== '*' && hasName(header, name));
}

/** Headers of a type; with `isResent` only (or never) those named Resent-. */
export function findByType(headers: readonly HeaderLine[], type: HeaderType, isResent?: boolean): HeaderLine[] {
  return headers.filter((header) => header.type === type && (isResent === undefined || isResentHeader(header) === isResent));
}

export function isResentHeader(header: HeaderLine): boolean {
  return equalsIgnoreCase(header.text.slice(0, 7), 'resent-');
}

/** What follows the colon, with folding and final newline as they stand. */
export function rawValue(header: HeaderLine): Octets {
  return header.text.slice(header.text.indexOf(':') + 1);
}

/** What follows the colon without white space around it; folds stay. */
export function headerValue(header: HeaderLine): Octets {
  return trimSpace(rawValue(header));
}

/** Folds removed: a line end before white space goes, the white space stays. RFC 5322 s2.2.3. */
export function unfold(text: Octets): Octets {
  return text.replace(/\r?\n(?=[ \t])/g, '');
}

/** All header lines of a block of text; lines end with \n. What is no header line ends the block. */
export function splitHeaderLines(block: Octets): HeaderLine[] {
  const lines: HeaderLine[] = [];
  let from = 0;
  while (from < block.length) {
    let to = block.indexOf('\n', from);
    while (to >= 0 && (block[to + 1] === ' ' || block[to + 1] === '\t')) to = block.indexOf('\n', to + 1);
    const end = to < 0 ? block.length : to + 1;
    lines.push(makeHeader(block.slice(from, end)));
    from = end;
  }
  return lines;
}

/**
 * Folds a header text at white space so that lines have at most `limit` octets where that is possible; the text has no line ends
 * and the result's continuation lines begin with what was there.
 */
export function foldHeader(text: Octets, limit = 78): Octets {
  const lines: Octets[] = [];
  let rest = text;
  while (rest.length > limit) {
    let at = rest.lastIndexOf(' ', limit);
    if (at <= 0 || isBlank(rest.slice(0, at))) at = rest.indexOf(' ', limit);
    if (at <= 0) break;
    lines.push(trimEnd(rest.slice(0, at)));
    rest = ` ${trimStart(rest.slice(at))}`;
  }
  return [...lines, rest].join('\n');
}

function isBlank(text: Octets): boolean {
  return trimSpace(text) === '';
}

// ---------------------------------------------------------------- RFC 2047

const ENCODED_WORD = /=\?([!#$%&'*+\-0-9A-Z^_`a-z{|}~]{1,60})(?:\*[A-Za-z0-9-]+)?\?([BbQq])\?([!->@-~]*)\?=/g;

/** Encoded words longer than that are left as they are when `check_rfc2047_length` is on. RFC 2047 s2. */
const MAX_ENCODED_WORD = 75;

export interface DecodeOptions {
  /** `headers_charset`; undefined or '': no translation. */
  readonly charset: Octets | undefined;
  /** `check_rfc2047_length`. */
  readonly checkLength?: boolean;
}

/** Decodes the encoded words of a header's value into octets of `charset`. What cannot be decoded or translated stays as it is. */
export function decodeEncodedWords(value: Octets, options: DecodeOptions): Octets {
  if (!value.includes('=?')) return value;
  let result = '';
  let from = 0;
  let lastEnd = -1;
  for (const match of value.matchAll(ENCODED_WORD)) {
    const [word = '', charset = '', encoding = '', text = ''] = match;
    if (options.checkLength !== false && word.length > MAX_ENCODED_WORD) continue;
    const octets = decodeWord(encoding, text);
    if (octets === undefined) continue;
    const between = value.slice(from, match.index);
    // White space between two encoded words is not part of the text (RFC 2047 s6.2).
    if (lastEnd < 0 || !isBlank(between)) result += between;
    result += translate(octets, charset, options.charset);
    from = lastEnd = match.index + word.length;
  }
  return result + value.slice(from);
}

function decodeWord(encoding: Octets, text: Octets): Octets | undefined {
  if (encoding === 'B' || encoding === 'b')
    return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('latin1') : undefined;
  if (/=(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/_|=([0-9A-Fa-f]{2})/g, (_, hex: string | undefined) =>
    hex === undefined ? ' ' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** From one charset to another; unchanged when either is not known. */
export function translate(octets: Octets, from: Octets, to: Octets | undefined): Octets {
  if (to === undefined || to === '' || equalsIgnoreCase(from, to)) return octets;
  const text = decodeCharset(octets, lowerCase(from));
  return text === undefined ? octets : (encodeCharset(text, lowerCase(to)) ?? octets);
}

function decodeCharset(octets: Octets, charset: Octets): string | undefined {
  if (charset === 'utf-8' || charset === 'utf8') return unicodeFromOctets(octets);
  if (charset === 'us-ascii' || charset === 'iso-8859-1' || charset === 'latin1') return octets;
  try {
    return new TextDecoder(charset, { fatal: true }).decode(Buffer.from(octets, 'latin1'));
  } catch {
    return undefined; // an unknown charset or octets that it does not have
  }
}

function encodeCharset(text: string, charset: Octets): Octets | undefined {
  if (charset === 'utf-8' || charset === 'utf8') return octetsFromUnicode(text);
  if (charset === 'iso-8859-1' || charset === 'latin1' || charset === 'us-ascii') {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of Latin-1
    return text.replace(/[^\x00-\xff]/gu, '?');
  }
  return undefined;
}

/** Whether a display name or text needs RFC 2047 encoding: an octet that is not printable ASCII. A newline stays where it folds a line. */
export function needsEncoding(text: Octets): boolean {
  return /[^ -~\t\n]|\n(?![ \t])/.test(text);
}

function encodeOctet(octet: Octets): Octets {
  return `=${upperCase(octet.charCodeAt(0).toString(16)).padStart(2, '0')}`;
}

/** One or more Q-encoded words of at most 75 octets, each with whole characters where the charset is UTF-8. RFC 2047 s4.2, s5. */
export function encodeWords(text: Octets, charset: Octets): Octets {
  if (!needsEncoding(text)) return text;
  const head = `=?${charset === '' ? 'iso-8859-1' : charset}?Q?`;
  const words: Octets[] = [];
  let word = head;
  for (const [character] of text.matchAll(lowerCase(charset) === 'utf-8' ? /[^\x80-\xbf][\x80-\xbf]{0,3}|[\x80-\xbf]/g : /[^]/g)) {
    const piece = character === ' ' ? '_' : character.replace(/[^!*+\-/0-9A-Za-z]/g, encodeOctet);
    if (word.length + piece.length > MAX_ENCODED_WORD - 2) {
      words.push(`${word}?=`);
      word = head;
    }
    word += piece;
  }
  return [...words, `${word}?=`].join(' ');
}
