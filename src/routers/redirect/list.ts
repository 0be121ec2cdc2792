/** Redirection lists: addresses, files, pipes and special items. Spec ch. 22 "Items in a non-filter redirection list". */

import type { Octets } from '../../base/octets.ts';
import { isSpaceCode, lowerCase, trimSpace } from '../../base/octets.ts';
import type { TaintSpan } from '../../core/text.ts';
import type { AddressSyntax } from '../../message/address.ts';
import { parseAddress } from '../../message/address.ts';

export type RedirectItem =
  | {
      readonly kind: 'address';
      readonly address: Octets /** Written with a leading backslash: keeps the incoming domain. */;
      readonly isBackslashed: boolean;
      readonly isQualified: boolean;
    }
  | {
      readonly kind: 'file' | 'directory' | 'pipe';
      readonly text: Octets;
      /** Where it stands in the list. */
      readonly from: number;
      /** Parts of the text, known to who has the list. */
      readonly taint?: readonly TaintSpan[];
    }
  | { readonly kind: 'include'; readonly path: Octets; readonly from: number }
  | { readonly kind: 'blackhole' | 'unknown' }
  | { readonly kind: 'fail' | 'defer'; readonly text: Octets /** As written, for "is not permitted". */; readonly source: Octets }
  | { readonly kind: 'error'; readonly message: Octets };

/** Splits and reads a list. A `:fail:` or `:defer:` takes the rest of its line. */
export function parseRedirectList(data: Octets, syntax: AddressSyntax = {}): readonly RedirectItem[] {
  const items: RedirectItem[] = [];
  let at = 0;
  while (at < data.length) {
    at = skipBetween(data, at);
    if (at >= data.length) break;
    const special = /^:([Ff][Aa][Ii][Ll]|[Dd][Ee][Ff][Ee][Rr]):[ \t]*([^\n]*)/.exec(data.slice(at));
    if (special) {
      const source = trimSpace(special[0]);
      items.push({
        kind: special[1]?.[0] === 'f' || special[1]?.[0] === 'F' ? 'fail' : 'defer',
        text: trimSpace(special[2] ?? ''),
        source,
      });
      at += special[0].length;
      continue;
    }
    const end = findItemEnd(data, at);
    const item = readItem(trimSpace(data.slice(at, end)), at, syntax);
    if (item !== undefined) items.push(item);
    at = end;
  }
  return items;
}

/** White space, separators, and comments from `#` to the end of the line. */
function skipBetween(data: Octets, from: number): number {
  let at = from;
  for (;;) {
    while (at < data.length && (isSpaceCode(data.charCodeAt(at)) || data[at] === ',')) at++;
    if (data[at] !== '#') return at;
    const newline = data.indexOf('\n', at);
    at = newline < 0 ? data.length : newline;
  }
}

/** An item ends at a comma or newline that is not in quotes, nor (of an address) in a comment. */
function findItemEnd(data: Octets, from: number): number {
  const isAddress = data[from] !== '|' && data[from] !== '/';
  let depth = 0;
  for (let at = from; at < data.length; at++) {
    const char = data[at];
    if (char === '\n') return at;
    if (char === '\\' && isAddress) at++;
    else if (char === '"') at = endOfQuotes(data, at);
    else if (isAddress && char === '(') depth++;
    else if (isAddress && char === ')') depth = Math.max(0, depth - 1);
    else if (char === ',' && depth === 0) return at;
  }
  return data.length;
}

/** Index of the closing quote, or of the last octet before the end of the line when it is missing. */
function endOfQuotes(data: Octets, from: number): number {
  let at = from + 1;
  while (at < data.length && data[at] !== '"' && data[at] !== '\n') at += data[at] === '\\' ? 2 : 1;
  return data[at] === '"' ? at : at - 1;
}

const SPECIALS: ReadonlyMap<string, 'blackhole' | 'unknown'> = new Map([
  [':blackhole:', 'blackhole'],
  [':unknown:', 'unknown'],
]);

/** One item, which begins at `at`; undefined when there is nothing in it (`(comment)`). */
function readItem(source: Octets, at: number, syntax: AddressSyntax): RedirectItem | undefined {
  const text = unquote(source);
  const from = text === source ? at : at + 1;
  const special = /^(:[A-Za-z]+:)([ \t]*)(.*)$/s.exec(text);
  if (special) {
    const name = lowerCase(special[1] ?? '');
    const [, , blank = '', rest = ''] = special;
    if (name === ':include:') return { kind: 'include', path: trimSpace(rest), from: from + name.length + blank.length };
    const kind = SPECIALS.get(name);
    if (kind !== undefined) return { kind };
  }
  const isBackslashed = text.startsWith('\\');
  const isDelivery = text.startsWith('|') || text.startsWith('/');
  const parsed = parseAddress(text, syntax);
  if (isDelivery && (parsed.kind === 'error' || parsed.domain === '')) {
    if (text.startsWith('|')) return { kind: 'pipe', text, from };
    return { kind: text.endsWith('/') ? 'directory' : 'file', text, from };
  }
  if (isBackslashed) {
    const local = parseAddress(text.slice(1), syntax);
    if (local.kind === 'ok' && local.domain === '')
      return { kind: 'address', address: local.address, isBackslashed: true, isQualified: false };
  }
  if (parsed.kind === 'error') {
    return parsed.message === 'empty address' ? undefined : { kind: 'error', message: `${parsed.message} in "${text}"` };
  }
  return { kind: 'address', address: parsed.address, isBackslashed: false, isQualified: parsed.domain !== '' };
}

/** An item that begins and ends with a double quote; `"a b"@x` does not. */
function unquote(source: Octets): Octets {
  return source.length > 1 && source.startsWith('"') && source.endsWith('"') ? source.slice(1, -1) : source;
}
