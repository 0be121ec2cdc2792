/** Values of `$h_…`, `$bh_…`, `$lh_…`, `$rh_…`. Spec ch. 11 "Expansion items", RFC 2047. */
import { type Octets, trimSpace } from '../base/octets.ts';
import { type Frame, mailOf } from '../core/frame.ts';
import type { HeaderLine } from '../core/message.ts';
import { type Text, tainted } from '../core/text.ts';
import { decodeEncodedWords, findHeader, findHeaders, rawValue } from '../message/header.ts';
import type { HeaderForm } from './ast.ts';

/** What several headers of one name come to at most, or all of them. */
export const MAX_HEADER_VALUE = 64 * 1024;
/** Exim's own default (Debian's): where `headers_charset` is not set. */
export const defaultCharset = 'UTF-8';

/** Header types that hold addresses: several are joined with commas. */
const ADDRESS_TYPES: ReadonlySet<string> = new Set(['B', 'C', 'F', 'R', 'S', 'T']);

/** Undefined when the message has no such header (or there is no message). */
export function readHeader(frame: Frame, name: Octets, form: HeaderForm): Text | undefined {
  const headers = mailOf(frame)?.headers;
  if (headers === undefined) return undefined;
  const found = findHeaders(headers, name);
  if (found.length === 0) return undefined;
  return tainted(headerText(found, form, frame).slice(0, MAX_HEADER_VALUE));
}

export function hasHeader(frame: Frame, name: Octets): boolean {
  const headers = mailOf(frame)?.headers;
  return headers !== undefined && findHeader(headers, name) !== undefined;
}

function headerText(headers: readonly HeaderLine[], form: HeaderForm, frame: Frame): Octets {
  switch (form) {
    // Exim keeps the newline of the last one too, against its manual.
    case 'raw':
      return headers.map(rawValue).join('');
    case 'list':
      return headers.map((header) => withoutFinalNewline(rawValue(header)).replaceAll(':', '::')).join(':');
    case 'basic':
      return decodeWords(joinValues(headers), frame, undefined);
    case 'decoded':
      return decodeWords(joinValues(headers), frame, frame.config.main.headers_charset ?? defaultCharset);
  }
}

/** Empty ones are left out; those that hold addresses get a comma between them. */
function joinValues(headers: readonly HeaderLine[]): Octets {
  const values = headers.map((header) => ({ header, value: trimSpace(rawValue(header)) })).filter(({ value }) => value !== '');
  const last = values.length - 1;
  return values.map(({ header, value }, index) => (index < last && ADDRESS_TYPES.has(header.type) ? `${value},` : value)).join('\n');
}

/** RFC 2047 words decoded, with zeros as question marks. `charset` undefined: no translation. */
export function decodeWords(value: Octets, frame: Frame, charset: Octets | undefined): Octets {
  if (!value.includes('=?')) return value;
  return decodeEncodedWords(value, { charset, checkLength: frame.config.main.check_rfc2047_length }).replaceAll('\0', '?');
}

function withoutFinalNewline(text: Octets): Octets {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
