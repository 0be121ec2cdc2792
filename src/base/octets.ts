/**
 * Octet strings: one char (U+0000..U+00FF) per octet, as DESIGN keeps all mail and configuration text. JavaScript's own string functions
 * take 0xA0 for a space and 0xC0-0xFF for letters; the functions here know ASCII only.
 */

/**
 * Octets, one per char (U+0000..U+00FF): 8-bit mail survives, `${strlen:}` counts octets. Decode at the edge.
 * The brand is optional so that literals and slices need no cast; it still keeps {@link Unicode} text out.
 */
export type Octets = string & { readonly __brand?: 'Octets' };

/** Decoded text, as JSON, SQL drivers and people want it. Never mixed with {@link Octets}. */
export type Unicode = string & { readonly __brand?: 'Unicode' };

/** The octets of a buffer, one char each. */
export function octetsFromBytes(bytes: Uint8Array): Octets {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function bytesFromOctets(octets: Octets): Buffer {
  return Buffer.from(octets, 'latin1');
}

/** UTF-8 encoded. */
export function octetsFromUnicode(text: Unicode): Octets {
  if (!/[^\0-\x7f]/.test(text)) return text as string; // ASCII is the same in both
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Undefined when the octets are not valid UTF-8. */
export function unicodeFromOctets(octets: Octets): Unicode | undefined {
  if (isAscii(octets)) return octets as string; // ASCII is the same in both
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesFromOctets(octets));
  } catch {
    return undefined;
  }
}

/** Text of JavaScript code that may or may not keep to octets: as it is when it does, else in UTF-8. */
export function octetsFromText(text: string): Octets {
  return hasOnlyOctets(text) ? text : octetsFromUnicode(text);
}

export function hasOnlyOctets(text: string): boolean {
  return !/[^\0-\xff]/.test(text);
}

export function isAscii(octets: Octets): boolean {
  for (let i = 0; i < octets.length; i++) if (octets.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** C's isspace in the C locale: space, \t \n \v \f \r. */
export function isSpaceCode(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

export function isDigitCode(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isAlphaCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

export function isAlnumCode(code: number): boolean {
  return isDigitCode(code) || isAlphaCode(code);
}

export function trimSpace(octets: Octets): Octets {
  return trimStart(trimEnd(octets));
}

export function trimStart(octets: Octets): Octets {
  let from = 0;
  while (from < octets.length && isSpaceCode(octets.charCodeAt(from))) from++;
  return from === 0 ? octets : octets.slice(from);
}

export function trimEnd(octets: Octets): Octets {
  let to = octets.length;
  while (to > 0 && isSpaceCode(octets.charCodeAt(to - 1))) to--;
  return to === octets.length ? octets : octets.slice(0, to);
}

const UPPER = /[A-Z]/;
const LOWER = /[a-z]/;

/** A-Z to a-z; every other octet stays. */
export function lowerCase(octets: Octets): Octets {
  if (!UPPER.test(octets)) return octets;
  return isAscii(octets) ? octets.toLowerCase() : octets.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}

/** a-z to A-Z; every other octet stays. */
export function upperCase(octets: Octets): Octets {
  if (!LOWER.test(octets)) return octets;
  return isAscii(octets) ? octets.toUpperCase() : octets.replace(/[a-z]+/g, (run) => run.toUpperCase());
}

export function equalsIgnoreCase(a: Octets, b: Octets): boolean {
  return a.length === b.length && (a === b || lowerCase(a) === lowerCase(b));
}

/** strcmp order: -1, 0 or 1 by octet values. */
export function compareOctets(a: Octets, b: Octets): -1 | 0 | 1 {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The index of the first octet at or after `from` that is not white space. */
export function skipSpace(octets: Octets, from: number): number {
  let at = from;
  while (at < octets.length && isSpaceCode(octets.charCodeAt(at))) at++;
  return at;
}

/**
 * Printable form for logs and messages, as Exim escapes: control characters as `\n \r \t \b \v \f` or three octal digits,
 * `\\` doubled when `escapeBackslash`. Octets from 0x80 are escaped only when `escapeHigh`.
 */
export function printable(octets: Octets, options: { readonly escapeHigh?: boolean; readonly escapeTab?: boolean } = {}): Octets {
  const { escapeHigh = false, escapeTab = true } = options;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!/[\x00-\x1f\x7f-\xff]/.test(octets)) return octets;
  let result = '';
  for (let i = 0; i < octets.length; i++) {
    const char = octets[i] ?? '';
    const code = octets.charCodeAt(i);
    if ((code >= 0x20 && code < 0x7f) || (code >= 0x80 && !escapeHigh) || (code === 0x09 && !escapeTab)) result += char;
    else result += CONTROL_ESCAPES.get(code) ?? `\\${code.toString(8).padStart(3, '0')}`;
  }
  return result;
}

const CONTROL_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x08, '\\b'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
]);

/** Decimal digits only (an optional sign before them); undefined for anything else. */
export function parseDecimal(octets: Octets): number | undefined {
  return /^[+-]?[0-9]+$/.test(octets) ? Number.parseInt(octets, 10) : undefined;
}
