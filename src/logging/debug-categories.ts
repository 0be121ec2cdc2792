/** The categories of debugging output and how they are chosen: `+all-lists+acl`. Spec ch. 5 "-d". */
import { type Octets, trimStart } from '../base/octets.ts';

const CATEGORIES = [
  'acl',
  'auth',
  'deliver',
  'dns',
  'dnsbl',
  'exec',
  'expand',
  'filter',
  'hints_lookup',
  'host_lookup',
  'ident',
  'interface',
  'lists',
  'load',
  'local_scan',
  'lookup',
  'memory',
  'noutf8',
  'pid',
  'process_info',
  'queue_run',
  'receive',
  'resolver',
  'retry',
  'rewrite',
  'route',
  'timestamp',
  'tls',
  'transport',
  'uid',
  'verify',
];

/** Not among those of `-d` alone. */
const SPECIAL: ReadonlySet<string> = new Set(['expand', 'filter', 'interface', 'load', 'memory', 'noutf8', 'pid', 'resolver', 'timestamp']);
/** Not meant by `+all`. */
const NOT_IN_ALL: ReadonlySet<string> = new Set(['memory', 'noutf8']);

/** What is wrong is told in Exim's words. */
export type DebugSelector =
  | { readonly kind: 'ok'; readonly categories: ReadonlySet<string> }
  | { readonly kind: 'error'; readonly message: string };

/** Behind `-d`: `+` adds and `-` takes away a category, from left to right, beginning with what `-d` shows; or `=` and a number, a bit for each. */
export function parseDebugSelector(text: Octets): DebugSelector {
  if (text.startsWith('=')) return parseDebugNumber(text);
  const chosen = new Set(CATEGORIES.filter((name) => !SPECIAL.has(name)));
  let rest = trimStart(text);
  while (rest !== '') {
    const [item = '', sign, name = ''] = /^([+-])([A-Za-z0-9_]*)/.exec(rest) ?? [];
    if (sign === undefined) return malformed(`+ or - expected but found "${rest}"`);
    if (name !== 'all' && !CATEGORIES.includes(name)) return { kind: 'error', message: `unknown debug_selector setting: ${item}` };
    const meant = name === 'all' ? CATEGORIES.filter((each) => sign === '-' || !NOT_IN_ALL.has(each)) : [name];
    for (const each of meant)
      if (sign === '+') chosen.add(each);
      else chosen.delete(each);
    rest = trimStart(rest.slice(item.length));
  }
  return { kind: 'ok', categories: chosen };
}

function malformed(what: string): DebugSelector {
  return { kind: 'error', message: `malformed debug_selector setting: ${what}` };
}

/** Bit 0 is `-v`, bit 1 local_scan, the others follow by name. */
const BITS: readonly string[] = ['local_scan', ...CATEGORIES.filter((name) => name !== 'local_scan')];

/** As C reads numbers. */
function parseDebugNumber(text: Octets): DebugSelector {
  const [, sign, hex, octal, decimal] = /^=(?:[\t ]*([+-])?(?:0[xX]([0-9A-Fa-f]+)|(0[0-7]*)|([1-9][0-9]*)))?$/.exec(text) ?? [];
  const digits = hex ?? octal ?? decimal;
  if (digits === undefined && text !== '=') return { kind: 'error', message: `malformed numeric debug_selector setting: ${text}` };
  const base = hex === undefined ? (octal === undefined ? 10 : 8) : 16;
  const size = Number.parseInt(digits ?? '0', base);
  const bits = (sign === '-' ? -size : size) >>> 1;
  return { kind: 'ok', categories: new Set(BITS.filter((_, bit) => (bits >>> bit) & 1)) };
}

/** Of `control = debug/opts=…`. Undefined: an item is unknown. */
export function parseDebugCategories(text: Octets): ReadonlySet<string> | undefined {
  const parsed = parseDebugSelector(text);
  return parsed.kind === 'ok' ? parsed.categories : undefined;
}
