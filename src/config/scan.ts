/** Small scanners that all sections share. */
import type { Octets } from '../base/octets.ts';
import { isAlnumCode, isAlphaCode } from '../base/octets.ts';

/** A name of letters, digits and underscores that starts with a letter; '' when there is none. */
export function scanName(text: Octets, from: number): string {
  if (!isAlphaCode(text.charCodeAt(from))) return '';
  let end = from + 1;
  while (end < text.length && (isAlnumCode(text.charCodeAt(end)) || text[end] === '_')) end++;
  return text.slice(from, end);
}

export interface QuotedString {
  readonly value: Octets;
  /** Behind the closing quote. */
  readonly end: number;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** Reads from the double quote at `from`. Undefined when the closing quote is missing. Spec ch. 6 "String values". */
export function scanQuoted(text: Octets, from: number): QuotedString | undefined {
  let value = '';
  let at = from + 1;
  for (;;) {
    const run = /["\\]/.exec(text.slice(at))?.index;
    if (run === undefined) return undefined;
    value += text.slice(at, at + run);
    at += run;
    if (text[at] === '"') return { value: untilNul(value), end: at + 1 };
    const escape = scanEscape(text, at + 1);
    value += escape.value;
    at = escape.end;
  }
}

/** What stands behind a backslash. */
function scanEscape(text: Octets, at: number): QuotedString {
  const next = text[at] ?? '';
  const octal = /^[0-7]{1,3}/.exec(text.slice(at, at + 3))?.[0];
  if (octal) return { value: String.fromCharCode(Number.parseInt(octal, 8) & 0xff), end: at + octal.length };
  if (next === 'x') {
    const hex = /^[0-9A-Fa-f]{0,2}/.exec(text.slice(at + 1, at + 3))?.[0] ?? '';
    return { value: String.fromCharCode(Number.parseInt(`0${hex}`, 16)), end: at + 1 + hex.length };
  }
  return { value: ESCAPES.get(next) ?? next, end: at + 1 };
}

function untilNul(value: Octets): Octets {
  const nul = value.indexOf('\0');
  return nul < 0 ? value : value.slice(0, nul);
}

/** What Exim adds to "extra characters" that look like a comment. */
export function commentHint(extra: Octets): string {
  return extra.startsWith('#') ? ' (# is comment only at line start)' : '';
}
