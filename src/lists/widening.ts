/** Names that the resolver tries for one that was written. Spec ch. 17 "The dnslookup router", qualify_single and search_parents; resolv.conf(5). */
import type { Octets } from '../base/octets.ts';
import type { Dns } from '../core/ports.ts';

export interface Widening {
  /** A name of one component is tried below the resolver's own domain first. */
  readonly qualifiesSingle: boolean;
  /** Names are tried below all of the resolver's search domains too. */
  readonly searchesParents: boolean;
}

/** In the order in which they are tried; the name itself is always among them. */
export function widenedNames(name: Octets, { qualifiesSingle, searchesParents }: Widening, dns: Dns): readonly Octets[] {
  const search = (dns.searchDomains?.() ?? []).filter((parent) => parent !== '');
  const below = (searchesParents ? search : search.slice(0, 1)).map((parent) => `${name}.${parent}`);
  if (name.includes('.')) return searchesParents ? [name, ...below] : [name];
  return qualifiesSingle ? [...below, name] : [name];
}
