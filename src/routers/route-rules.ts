/** The rules of manualroute: `pattern hosts options`, in `route_list` and (without pattern) `route_data`. Spec ch. 20 "Routing rules". */

import type { Octets } from '../base/octets.ts';
import { isSpaceCode, skipSpace } from '../base/octets.ts';
import { splitItems } from './delivery-data.ts';

export interface RouteRule {
  readonly pattern: Octets;
  readonly hosts: Octets;
  readonly options: Octets;
}

/** Rules are separated by `;`, which is doubled inside a rule (or changed by `<`). */
export function parseRouteList(list: Octets): readonly RouteRule[] {
  return splitItems(list, ';').map((rule) => {
    const pattern = readPart(rule, 0);
    return { pattern: pattern.text, ...parseRouteData(rule.slice(pattern.next)) };
  });
}

/** `hosts options`; hosts with white space stand in quotes. */
export function parseRouteData(data: Octets): Omit<RouteRule, 'pattern'> {
  const hosts = readPart(data, 0);
  return { hosts: hosts.text, options: data.slice(skipSpace(data, hosts.next)) };
}

/** A word, or a string in double quotes with escapes or in single quotes without. */
function readPart(text: Octets, start: number): { readonly text: Octets; readonly next: number } {
  const from = skipSpace(text, start);
  const quote = text[from];
  if (quote !== '"' && quote !== "'") {
    let to = from;
    while (to < text.length && !isSpaceCode(text.charCodeAt(to))) to++;
    return { text: text.slice(from, to), next: to };
  }
  let part = '';
  let at = from + 1;
  while (at < text.length && text[at] !== quote) {
    const plainEnd = nextOf(text, at, quote);
    if (plainEnd > at) {
      part += text.slice(at, plainEnd);
      at = plainEnd;
    } else {
      part += quote === '"' ? unescape(text[at + 1] ?? '') : '\\';
      at += quote === '"' ? 2 : 1;
    }
  }
  return { text: part, next: at + 1 };
}

/** Where plain text ends: at the quote or a backslash. */
function nextOf(text: Octets, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote && text[at] !== '\\') at++;
  return at;
}

function unescape(char: string): string {
  return char === 'n' ? '\n' : char === 't' ? '\t' : char === 'r' ? '\r' : char;
}

export interface RouteOptions {
  readonly randomize: boolean | undefined;
  readonly lookup: 'default' | 'byname' | 'bydns';
  readonly ipv4Only: boolean;
  readonly ipv4Prefer: boolean;
  readonly transport: Octets | undefined;
}

const WORDS = ['randomize', 'no_randomize', 'byname', 'bydns', 'ipv4_only', 'ipv4_prefer'] as const;

/** Words may be shortened, as in Exim; what is none of them must name a transport. */
export function parseRouteOptions(
  options: Octets,
  isTransport: (name: Octets) => boolean,
): RouteOptions | { readonly kind: 'unknown'; readonly word: Octets } {
  let parsed: RouteOptions = { randomize: undefined, lookup: 'default', ipv4Only: false, ipv4Prefer: false, transport: undefined };
  for (const word of options.split(/[ \t\n\r\f\v]+/).filter((one) => one !== '')) {
    const known = WORDS.find((one) => one.startsWith(word));
    if (isTransport(word)) parsed = { ...parsed, transport: word };
    else if (known === undefined) return { kind: 'unknown', word };
    else parsed = { ...parsed, ...EFFECTS[known] };
  }
  return parsed;
}

const EFFECTS: Readonly<Record<(typeof WORDS)[number], Partial<RouteOptions>>> = {
  randomize: { randomize: true },
  no_randomize: { randomize: false },
  byname: { lookup: 'byname' },
  bydns: { lookup: 'bydns' },
  ipv4_only: { ipv4Only: true },
  ipv4_prefer: { ipv4Prefer: true },
};
