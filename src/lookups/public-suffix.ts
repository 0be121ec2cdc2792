/** The Public Suffix List (https://publicsuffix.org/list/): which part of a domain is under a registry. As Exim's psl and regdom lookups read it. */
import { domainToUnicode } from 'node:url';
import type { Octets } from '../base/octets.ts';
import { isAscii, lowerCase, octetsFromUnicode, unicodeFromOctets } from '../base/octets.ts';

export interface SuffixRules {
  readonly names: ReadonlySet<Octets>;
  /** Parents of `*`. */
  readonly wildcards: ReadonlySet<Octets>;
  readonly exceptions: ReadonlySet<Octets>;
}

export function parseSuffixList(text: Octets): SuffixRules {
  const names = new Set<Octets>();
  const wildcards = new Set<Octets>();
  const exceptions = new Set<Octets>();
  for (const line of text.split('\n')) {
    const rule = /^[^ \t\r]*/.exec(line)?.[0] ?? '';
    if (rule === '' || rule.startsWith('//')) continue;
    if (rule.startsWith('!')) exceptions.add(comparable(rule.slice(1)));
    else if (rule.startsWith('*.')) wildcards.add(comparable(rule.slice(2)));
    else names.add(comparable(rule));
  }
  return { names, wildcards, exceptions };
}

/**
 * The number of labels of the public suffix, from the longest rule that fits; 0 when none does. A name that is itself in the list has
 * the suffix above it; one that a wildcard makes a suffix is its own.
 */
function suffixLabels(labels: readonly Octets[], rules: SuffixRules): number {
  for (let from = 0; from < labels.length; from++) {
    const candidate = comparable(labels.slice(from).join('.'));
    const count = labels.length - from;
    if (rules.exceptions.has(candidate)) return count - 1;
    if (from > 0 && rules.names.has(candidate)) return count;
    if (rules.wildcards.has(candidate.slice(candidate.indexOf('.') + 1)) && candidate.includes('.')) return count;
  }
  return 0;
}

/** Undefined: no rule fits. */
export function publicSuffix(domain: Octets, rules: SuffixRules): Octets | undefined {
  return lastLabels(domain, rules, 0);
}

/** The public suffix and one label more; undefined when the domain has no more. */
export function registeredDomain(domain: Octets, rules: SuffixRules): Octets | undefined {
  return lastLabels(domain, rules, 1);
}

function lastLabels(domain: Octets, rules: SuffixRules, more: number): Octets | undefined {
  const labels = lowerCase(domain).split('.');
  const count = suffixLabels(labels, rules);
  return count === 0 || count + more > labels.length ? undefined : labels.slice(-(count + more)).join('.');
}

/** Internationalized names compare in their Unicode form. */
function comparable(name: Octets): Octets {
  const folded = lowerCase(name);
  if (isAscii(folded) && !folded.includes('xn--')) return folded;
  const unicode = domainToUnicode(unicodeFromOctets(folded) ?? '');
  return unicode === '' ? folded : octetsFromUnicode(unicode);
}
