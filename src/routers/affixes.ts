/** Prefixes and suffixes of local parts. Spec ch. 15 `local_part_prefix`, `local_part_suffix`. */

import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase } from '../base/octets.ts';

export interface Affix {
  readonly octets: Octets;
  /** What the `*` stood for: `$local_part_prefix_v`. Missing where there is no `*`: then the configuration chose the whole affix. */
  readonly variable?: Octets;
}

/** The first of the prefixes that the local part begins with; `*x` is the longest start that ends in `x`. Undefined when none does. */
export function findPrefix(localPart: Octets, prefixes: readonly Octets[]): Affix | undefined {
  for (const prefix of prefixes) {
    if (prefix[0] !== '*') {
      if (equalsIgnoreCase(localPart.slice(0, prefix.length), prefix)) return { octets: localPart.slice(0, prefix.length) };
      continue;
    }
    const fixed = prefix.slice(1);
    for (let from = localPart.length - fixed.length; from >= 0; from--) {
      if (equalsIgnoreCase(localPart.slice(from, from + fixed.length), fixed))
        return { octets: localPart.slice(0, from + fixed.length), variable: localPart.slice(0, from) };
    }
  }
  return undefined;
}

/** The first of the suffixes that the local part ends with; `x*` is the longest end that begins with `x`. */
export function findSuffix(localPart: Octets, suffixes: readonly Octets[]): Affix | undefined {
  for (const suffix of suffixes) {
    if (!suffix.endsWith('*')) {
      const from = localPart.length - suffix.length;
      if (from >= 0 && equalsIgnoreCase(localPart.slice(from), suffix)) return { octets: localPart.slice(from) };
      continue;
    }
    const fixed = suffix.slice(0, -1);
    for (let from = 0; from + fixed.length <= localPart.length; from++) {
      if (equalsIgnoreCase(localPart.slice(from, from + fixed.length), fixed))
        return { octets: localPart.slice(from), variable: localPart.slice(from + fixed.length) };
    }
  }
  return undefined;
}
