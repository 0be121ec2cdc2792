/** The categories of debugging output and how they are chosen: `+all-lists+acl`. Spec ch. 5 "-d". */
import type { Octets } from '../base/octets.ts';

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

/** Each item adds (`+`) or takes away (`-`), from left to right, beginning with what `-d` shows. Undefined: an item is unknown. */
export function parseDebugCategories(text: Octets): ReadonlySet<string> | undefined {
  const chosen = new Set(CATEGORIES.filter((name) => !SPECIAL.has(name)));
  if (!/^(?:[+-][a-z0-9_]+)*$/.test(text)) return undefined;
  for (const [, sign, name = ''] of text.matchAll(/([+-])([a-z0-9_]+)/g)) {
    if (name !== 'all' && !CATEGORIES.includes(name)) return undefined;
    const meant = name === 'all' ? CATEGORIES.filter((each) => sign === '-' || !NOT_IN_ALL.has(each)) : [name];
    for (const each of meant)
      if (sign === '+') chosen.add(each);
      else chosen.delete(each);
  }
  return chosen;
}
