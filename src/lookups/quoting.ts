/** Quoting of text for the query languages of lookups. Spec ch. 9 "Quoting lookup data", "LDAP quoting", "More about MySQL, PostgreSQL, Oracle, InterBase, and Redis". */
import type { Octets } from '../base/octets.ts';
import { isAlnumCode, upperCase } from '../base/octets.ts';

const controlEscapes: ReadonlyMap<string, Octets> = new Map([
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
  ['\b', '\\b'],
]);

/** MySQL, Oracle: control characters as `\n`…, quotes and backslash with a backslash. */
export function quoteWithBackslashes(text: Octets): Octets {
  return text.replace(/[\n\t\r\b'"\\]/g, (char) => controlEscapes.get(char) ?? `\\${char}`);
}

/** PostgreSQL: as MySQL, but a single quote is doubled. */
export function quoteForPostgres(text: Octets): Octets {
  return text.replace(/[\n\t\r\b'"\\]/g, (char) => controlEscapes.get(char) ?? (char === "'" ? "''" : `\\${char}`));
}

export function doubleSingleQuotes(text: Octets): Octets {
  return text.replaceAll("'", "''");
}

export function doubleQuotes(text: Octets): Octets {
  return text.replaceAll('"', '""');
}

/** Redis: white space and backslash. */
export function quoteForRedis(text: Octets): Octets {
  return text.replace(/[ \t\n\v\f\r\\]/g, (char) => `\\${char}`);
}

/** LDAP: for a filter, or with option `dn` for a distinguished name; either is then encoded for a URL. RFC 4515, RFC 4514, RFC 3986. */
export function quoteForLdap(text: Octets, options: Octets | undefined): Octets {
  return options === 'dn' ? quoteDn(text) : quoteFilter(text);
}

function quoteFilter(text: Octets): Octets {
  return encode(text, (char) => (/[*()\\]/.test(char) ? `%5C${hex(char)}` : undefined));
}

function quoteDn(text: Octets): Octets {
  const leading = /^[ #]*/.exec(text)?.[0].length ?? 0;
  const trailing = leading === text.length ? text.length : lastBut(text, ' ') + 1;
  return encode(text, (char, at) => {
    const isEscaped = /[,+"\\<>;]/.test(char) || at < leading || at >= trailing;
    return isEscaped ? `%5C${forUrl(char)}` : undefined;
  });
}

/** Where the last character is that is not this one; -1: nowhere. A regular expression would be quadratic. */
function lastBut(text: Octets, char: string): number {
  let at = text.length - 1;
  while (at >= 0 && text[at] === char) at--;
  return at;
}

/** `special` gives what stands for a character; others are encoded for a URL. */
function encode(text: Octets, special: (char: string, at: number) => Octets | undefined): Octets {
  return Array.from(text, (char, at) => special(char, at) ?? forUrl(char)).join('');
}

function forUrl(char: string): Octets {
  return isAlnumCode(char.charCodeAt(0)) || "!$'-._()*+".includes(char) ? char : `%${hex(char)}`;
}

function hex(char: string): string {
  return upperCase(char.charCodeAt(0).toString(16).padStart(2, '0'));
}
