/** Patterns of host lists. Spec ch. 10 "Host lists" and following sections. */
import type { IpBytes, IpNetwork } from '../base/ip.ts';
import { formatFullIp, formatIp, isInNetwork, maskIp, parseIp, parseNetwork } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain, chainEach } from '../core/maybe-promise.ts';
import type { Text } from '../core/text.ts';
import { sliceText, tainted, untainted } from '../core/text.ts';
import { logNoAddress } from './host-name.ts';
import { isIpv4Only } from './ip-family.ts';
import { localAddresses } from './local-host.ts';
import type { ItemVerdict, LookupItem, Matcher } from './pattern.ts';
import { deferLogged, literalMatcher, noMatch, obeyLookup, readLookupItem, regexMatcher, stringSubject, suffixMatcher } from './pattern.ts';

/** What a host list is matched against, for the length of one check. */
export interface HostToMatch {
  /** As text, IPv4 also where the socket was IPv6; '' when no TCP/IP connection is concerned. */
  readonly address: Octets;
  readonly bytes: IpBytes | undefined;
  /** There is no host, only an address: no item may name one, and lookups have the address as their key. */
  readonly isAddressOnly: boolean;
  /** All names of the host, found by PTR when they are not known. */
  names(): MaybePromise<HostNames>;
}

export type HostNames =
  | { readonly kind: 'known'; readonly names: readonly Octets[] }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'deferred' };

const anyMatch: ItemVerdict = { kind: 'match' };

export function hostMatcher(pattern: Text, frame: Frame): Matcher<HostToMatch> {
  const { octets } = pattern;
  if (octets === '*') return () => anyMatch;
  if (octets === '') return (host) => (host.address === '' ? anyMatch : noMatch);
  if (octets === '@[]') return (host, where) => (host.bytes && localAddresses(where).has(formatIp(host.bytes)) ? anyMatch : noMatch);
  if (octets === '@')
    return (host, where) => matchByName(where.config.main.primary_hostname ?? where.services.machine.hostName, host, where);
  const network = readNetwork(octets);
  if (network) return networkMatcher(network);
  if (octets.startsWith('^') || octets.startsWith('*')) return nameMatcher(pattern);
  if (octets.includes(';')) return hostLookupMatcher(pattern, frame);
  if (/^[A-Za-z0-9_.-]+$/.test(octets)) return (host, where) => matchByName(octets, host, where);
  return nameMatcher(pattern);
}

/** An address, or one with a mask; a mask longer than the address is as long as it. */
function readNetwork(text: Octets): IpNetwork | undefined {
  const exact = parseNetwork(text);
  if (exact) return exact;
  const match = /^([^/]+)\/([0-9]+)$/.exec(text);
  const bytes = match && parseIp(match[1] ?? '');
  return bytes ? { bytes, prefixBits: bytes.length * 8 } : undefined;
}

function networkMatcher(network: IpNetwork): Matcher<HostToMatch> {
  return (host) => (host.bytes && isInNetwork(host.bytes, network) ? anyMatch : noMatch);
}

/** The addresses of a name are compared with the host's. */
function matchByName(name: Octets, host: HostToMatch, frame: Frame): MaybePromise<ItemVerdict> {
  const { bytes } = host;
  if (!bytes) return noMatch;
  if (host.isAddressOnly) return namesNotPermitted(name);
  const family = chain(isIpv4Only(name, frame), (isOnly): 0 | 4 => (isOnly ? 4 : 0));
  const lookedUp = chain(family, (chosen) => frame.services.hosts.byName(name, chosen, frame.until));
  return chain(lookedUp, (found): ItemVerdict => {
    if (found.kind === 'again') return { kind: 'defer', message: `DNS lookup of "${name}" deferred` };
    if (found.kind === 'not-found') logNoAddress(name, frame);
    if (found.kind === 'not-found') return { kind: 'unknown', message: `failed to find IP address for ${name}` };
    return found.addresses.some((address) => isSameAddress(address, bytes)) ? anyMatch : noMatch;
  });
}

function namesNotPermitted(item: Octets): ItemVerdict {
  return { kind: 'unknown', message: `"${item}" is a host name, and only addresses can be matched` };
}

function isSameAddress(text: Octets, bytes: IpBytes): boolean {
  const other = parseIp(text);
  return other !== undefined && formatIp(other) === formatIp(bytes);
}

/** `*ending`, `^regex`, or a text with characters that no host name for DNS has. */
function nameMatcher(pattern: Text): Matcher<HostToMatch> {
  const match = pattern.octets.startsWith('^')
    ? regexMatcher(pattern)
    : pattern.octets.startsWith('*')
      ? suffixMatcher(pattern)
      : literalMatcher(pattern);
  return (host, frame) =>
    withNames(host, pattern, frame, (name) =>
      chain(match(stringSubject(tainted(name), false), frame), (verdict) =>
        verdict.kind === 'match' ? { kind: 'match', data: pattern } : verdict,
      ),
    );
}

/** Runs the test for each name of the host until one matches or defers. */
function withNames(
  host: HostToMatch,
  pattern: Text,
  frame: Frame,
  test: (name: Octets) => MaybePromise<ItemVerdict>,
): MaybePromise<ItemVerdict> {
  if (host.address === '') return noMatch;
  if (host.isAddressOnly) return namesNotPermitted(pattern.octets);
  frame.services.log.debug('lists', () => `sender host name required, to match against ${pattern.octets}`);
  return chain(host.names(), (found) => {
    // temporary errors too, as Exim treats them: only a lookup of a name's addresses defers
    if (found.kind !== 'known') return { kind: 'unknown', message: `failed to find host name for ${host.address}` };
    const decided = chainEach(found.names, (name) => chain(test(name), (verdict) => (verdict.kind === 'no-match' ? undefined : verdict)));
    return chain(decided, (verdict) => verdict ?? noMatch);
  });
}

/** `net-type;file`, `net24-type;file`: by address. `type;file`: by name. Query styles: as they stand, with or without `net-`. */
function hostLookupMatcher(pattern: Text, frame: Frame): Matcher<HostToMatch> {
  const net = /^net([0-9]*)-/.exec(pattern.octets);
  const lookup = readLookupItem(net ? sliceText(pattern, net[0].length) : pattern, frame);
  if (!lookup) return nameMatcher(pattern);
  if (lookup.kind === 'error')
    return (host, where) => {
      if (host.address === '') return noMatch;
      deferLogged(`${lookup.message} in host list item "${pattern.octets}"`, where);
      return { kind: 'defer', message: lookup.message };
    };
  const { item } = lookup;
  if (item.type.isQueryStyle)
    return (host, where) => (host.address === '' ? noMatch : withoutCaptures(obeyLookup(item, untainted(''), where)));
  const byAddress: Matcher<HostToMatch> = (host, where) =>
    host.bytes ? withoutCaptures(obeyLookup(item, addressKey(host.bytes, net?.[1] ?? '', item), where)) : noMatch;
  if (net) return byAddress;
  return (host, where) =>
    host.isAddressOnly
      ? byAddress(host, where)
      : withNames(host, pattern, where, (name) => withoutCaptures(obeyLookup(item, tainted(name), where)));
}

function withoutCaptures(verdict: MaybePromise<ItemVerdict>): MaybePromise<ItemVerdict> {
  return chain(verdict, (settled) => (settled.kind === 'match' ? { kind: 'match', data: settled.data } : settled));
}

/** IPv6 in full, with dots for colons except in iplsearch files; with a mask the network and `/n`. Spec ch. 10 "Host list patterns for single-key lookups by host address". */
function addressKey(bytes: IpBytes, maskText: Octets, { type }: LookupItem): Text {
  const separator = type.name === 'iplsearch' ? ':' : '.';
  if (maskText === '') return tainted(formatFullIp(bytes, separator));
  const bits = Number.parseInt(maskText, 10);
  return tainted(`${formatFullIp(maskIp(bytes, Math.min(bits, bytes.length * 8)), separator)}/${bits}`);
}
