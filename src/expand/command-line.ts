/** Splits a command line into its arguments. Spec ch. 29 "How the command is run". */
import { isSpaceCode, type Octets, skipSpace } from '../base/octets.ts';
import { readQuoted } from './field.ts';

/**
 * White space separates arguments; one in double quotes may hold escapes, one in single quotes is taken as it is. A quote that is
 * not closed goes to the end. No shell is involved.
 */
export function splitCommandLine(line: Octets): Octets[] {
  const parts: Octets[] = [];
  let at = skipSpace(line, 0);
  while (at < line.length) {
    const part = partAt(line, at);
    parts.push(part.text);
    at = skipSpace(line, part.end);
  }
  return parts;
}

function partAt(line: Octets, at: number): { readonly text: Octets; readonly end: number } {
  if (line[at] === '"') return readQuoted(line, at);
  if (line[at] === "'") {
    const close = line.indexOf("'", at + 1);
    return close < 0 ? { text: line.slice(at + 1), end: line.length } : { text: line.slice(at + 1, close), end: close + 1 };
  }
  let end = at;
  while (end < line.length && !isSpaceCode(line.charCodeAt(end))) end++;
  return { text: line.slice(at, end), end };
}
