/** The query of a dnsdb lookup: `>:, defer_lax,retrans_1s,mx=<;a.example;b.example`. Spec ch. 9 "More about dnsdb" and following sections. */
import { isIp } from '../base/ip.ts';
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase, skipSpace, trimSpace } from '../base/octets.ts';
import { parseTimeSpan } from '../base/time-span.ts';
import type { DnsOptions } from '../core/ports.ts';

const types = ['a', 'a+', 'aaaa', 'cname', 'csa', 'mx', 'mxh', 'ns', 'ptr', 'soa', 'spf', 'srv', 'tlsa', 'txt', 'zns'] as const;

export type DnsdbType = (typeof types)[number];

export interface DnsdbQuery {
  readonly type: DnsdbType;
  readonly names: readonly Octets[];
  /** Between records. */
  readonly separator: Octets;
  /** Between the fields of a record; undefined: the type's own way. */
  readonly fieldSeparator: Octets | undefined;
  readonly onDefer: 'strict' | 'lax' | 'never';
  readonly dnssec: 'strict' | 'lax' | 'never';
  readonly options: DnsOptions;
}

export type DnsdbParsed = { readonly kind: 'ok'; readonly query: DnsdbQuery } | { readonly kind: 'error'; readonly message: string };

export function parseDnsdbQuery(text: Octets): DnsdbParsed {
  const separators = readSeparators(text, skipSpace(text, 0));
  const modifiers = readModifiers(text, skipSpace(text, separators.end));
  if ('message' in modifiers) return { kind: 'error', message: modifiers.message };
  const rest = text.slice(modifiers.end);
  const equals = rest.indexOf('=');
  const typeName = equals < 0 ? 'txt' : lowerCase(trimSpace(rest.slice(0, equals)));
  const type = types.find((known) => known === typeName);
  if (!type) return { kind: 'error', message: 'unsupported DNS record type' };
  const list = trimSpace(rest.slice(equals + 1));
  return {
    kind: 'ok',
    query: {
      type,
      // A lone IPv6 address is no list, for compatibility.
      names: type === 'ptr' && isIp(list) ? [list] : parseList(list).items,
      separator: separators.record,
      fieldSeparator: separators.field,
      onDefer: modifiers.onDefer,
      dnssec: modifiers.dnssec,
      options: { ...modifiers.options, ...(modifiers.dnssec === 'never' ? {} : { dnssec: true }) },
    },
  };
}

/** `>s` with, directly after it, `,f` (f between fields) or `;` (fields are concatenated). */
function readSeparators(text: Octets, at: number): { readonly record: Octets; readonly field: Octets | undefined; readonly end: number } {
  if (text[at] !== '>') return { record: '\n', field: undefined, end: at };
  const record = text.charAt(at + 1);
  if (text[at + 2] === ';') return { record, field: '', end: at + 3 };
  if (text[at + 2] === ',') return { record, field: text.charAt(at + 3), end: at + 4 };
  return { record, field: undefined, end: at + 2 };
}

interface Modifiers {
  readonly onDefer: DnsdbQuery['onDefer'];
  readonly dnssec: DnsdbQuery['dnssec'];
  readonly options: { readonly retransMs?: number; readonly retries?: number };
  readonly end: number;
}

const syntaxError = { message: 'dnsdb modifier syntax error' };

function readModifiers(text: Octets, from: number): Modifiers | { readonly message: string } {
  let found: Modifiers = { onDefer: 'lax', dnssec: 'lax', options: {}, end: from };
  for (;;) {
    const keyword = /^(?:defer|dnssec|retrans|retry)_/.exec(text.slice(found.end))?.[0];
    if (keyword === undefined) return found;
    const valueAt = found.end + keyword.length;
    const [value = ''] =
      valuePatterns[keyword === 'retrans_' ? 'time' : keyword === 'retry_' ? 'count' : 'degree'].exec(text.slice(valueAt)) ?? [];
    const next = applyModifier(found, keyword.slice(0, -1), value);
    if ('message' in next) return next;
    const comma = /^[ \t\n]*,[ \t\n]*/.exec(text.slice(valueAt + value.length));
    if (!comma) return syntaxError;
    found = { ...next, end: valueAt + value.length + comma[0].length };
  }
}

const valuePatterns = { time: /^[^,]*/, count: /^-?[0-9]*/, degree: /^(?:strict|lax|never)?/ } as const;

function applyModifier(found: Modifiers, word: string, value: Octets): Modifiers | { readonly message: string } {
  if (word === 'retrans') {
    const seconds = parseTimeSpan(trimSpace(value));
    return seconds === undefined
      ? { message: 'unsupported dnsdb timeout value' }
      : { ...found, options: { ...found.options, retransMs: seconds * 1000 } };
  }
  if (word === 'retry') {
    if (value.startsWith('-')) return { message: 'unsupported dnsdb retry count' };
    return value === '' ? syntaxError : { ...found, options: { ...found.options, retries: Number.parseInt(value, 10) } };
  }
  const degree = (['strict', 'lax', 'never'] as const).find((known) => known === value);
  if (!degree) return { message: `unsupported dnsdb ${word} behaviour` };
  return word === 'defer' ? { ...found, onDefer: degree } : { ...found, dnssec: degree };
}
