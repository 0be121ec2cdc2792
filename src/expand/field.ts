/** Fields of strings: `key=value` pairs and numbered parts. Spec ch. 11 "Expansion items" (extract). */
import { equalsIgnoreCase, isSpaceCode, type Octets, skipSpace } from '../base/octets.ts';
import { derived, sliceText, type Text } from '../core/text.ts';
import { Cursor } from './lexer.ts';

/** The value of a key in `key1=value1 key2="value 2"`; keys are compared without regard to case. */
export function extractNamed(text: Text, key: Octets): Text | undefined {
  const { octets } = text;
  let at = skipSpace(octets, 0);
  while (at < octets.length) {
    const nameEnd = endOfName(octets, at);
    const name = octets.slice(at, nameEnd);
    at = skipSpace(octets, nameEnd);
    if (octets[at] === '=') at = skipSpace(octets, at + 1);
    const value = valueAt(octets, at);
    if (equalsIgnoreCase(name, key)) return value.isQuoted ? derived(value.octets, text) : sliceText(text, at, value.end);
    at = skipSpace(octets, value.end);
  }
  return undefined;
}

function endOfName(octets: Octets, from: number): number {
  let at = from;
  while (at < octets.length && octets[at] !== '=' && !isSpaceCode(octets.charCodeAt(at))) at++;
  return at;
}

/** Up to white space, or in double quotes with escapes. */
function valueAt(octets: Octets, from: number): { readonly octets: Octets; readonly end: number; readonly isQuoted: boolean } {
  if (octets[from] !== '"') {
    let end = from;
    while (end < octets.length && !isSpaceCode(octets.charCodeAt(end))) end++;
    return { octets: octets.slice(from, end), end, isQuoted: false };
  }
  const { text, end } = readQuoted(octets, from);
  return { octets: text, end, isQuoted: true };
}

/** A quoted string that begins at `from`; one that is not closed goes to the end. Spec ch. 6 "Common option syntax". */
export function readQuoted(octets: Octets, from: number): { readonly text: Octets; readonly end: number } {
  const cursor = new Cursor(octets, from + 1);
  let text = '';
  while (!cursor.isAtEnd && !cursor.take('"')) {
    if (cursor.take('\\')) {
      const escape = cursor.escape();
      text += escape.kind === 'octets' ? escape.octets : '\\';
    } else text += cursor.quotedLiteral();
  }
  return { text, end: cursor.at };
}

/** The field of that number, from 1, or from the end when negative; 0 is the whole string. Any of `separators` ends a field. */
export function extractField(text: Text, number: number, separators: Octets): Text | undefined {
  if (number === 0) return text;
  const { octets } = text;
  const starts = [0];
  for (let at = 0; at < octets.length; at++) if (separators.includes(octets.charAt(at))) starts.push(at + 1);
  const index = number > 0 ? number - 1 : starts.length + number;
  const from = starts[index];
  if (from === undefined) return undefined;
  const next = starts[index + 1];
  return sliceText(text, from, next === undefined ? octets.length : next - 1);
}
