/**
 * From names to hosts that can be contacted: MX and address look-ups, order, what is this host itself. Spec ch. 13 "Recognizing the
 * local host", ch. 17 "The dnslookup router", ch. 20 "How the list of hosts is used"; RFC 5321 s5.1.
 */
import { formatIp, isIp, parseIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { isAscii, lowerCase } from '../base/octets.ts';
import type { ListSource } from '../core/config.ts';
import type { Deadline } from '../core/deadline.ts';
import { type Frame, mailOf } from '../core/frame.ts';
import type { Outcome } from '../core/outcome.ts';
import { ok } from '../core/outcome.ts';
import type { DnsAnswer, DnsType, HostItem } from '../core/ports.ts';
import { untainted } from '../core/text.ts';
import { domainToAlabel } from '../expand/alabel.ts';
import { logNoAddress } from './host-name.ts';
import { isIpv4Only } from './ip-family.ts';
import { localAddresses } from './local-host.ts';
import type { Widening } from './widening.ts';
import { widenedNames } from './widening.ts';

export interface HostSearch {
  readonly frame: Frame;
  readonly until: Deadline;
  /** `ignore_target_hosts`. */
  readonly ignore?: ListSource | undefined;
  readonly ipv4Only?: boolean;
  readonly ipv4Prefer?: boolean;
  readonly dnssec?: boolean;
  /** Answers that were not validated count for nothing (`dnssec_require_domains`). */
  readonly requiresDnssec?: boolean;
  /** How names of hosts are completed; absent: they are not. */
  readonly widening?: Widening | undefined;
}

/** Hosts in the order in which they are to be tried; `isLocal` says that the first of them is this host. */
export type HostFinding =
  | {
      readonly kind: 'found';
      readonly hosts: readonly HostItem[];
      readonly isLocal: boolean;
      readonly fullName: Octets /** This host was among the later ones. */;
      readonly localWasRemoved: boolean;
    }
  /** The name has no records of the kind asked for. */
  | { readonly kind: 'not-found'; readonly reason?: 'mx-without-hosts' | 'mx-to-ip' | 'null-mx' }
  /** All that was found is in `ignore_target_hosts`. */
  | { readonly kind: 'ignored'; readonly isOfMx?: boolean }
  /** What was found was not validated, and had to be. */
  | { readonly kind: 'insecure' }
  | { readonly kind: 'again'; readonly message: Octets };

/** From how many numbers one is drawn for an item's place among equals; Exim's, so that a seeded generator gives its order. */
const SHUFFLE_KEYS = 1000;
const MX_KEYS = 500;

// ---------------------------------------------------------------- this host

/** Whether an IP address is one that the daemon listens on, or one of `extra_local_interfaces`. */
export function isLocalAddress(address: Octets, frame: Frame): boolean {
  const bytes = parseIp(address);
  if (!bytes) return false;
  if (bytes.every((byte) => byte === 0)) return true; // 0.0.0.0 and :: are connections to this host
  const canonical = formatIp(bytes);
  return localAddresses(frame).has(canonical);
}

/** `hosts_treat_as_local`: host names that stand for this host. */
async function isTreatedAsLocal(name: Octets, frame: Frame): Promise<boolean> {
  const list = frame.config.main.hosts_treat_as_local;
  if (list === undefined) return false;
  const match = await frame.services.lists.matchDomain(list, untainted(lowerCase(name)), frame);
  return match.kind === 'ok' && match.value.matched;
}

// ---------------------------------------------------------------- addresses of one name

/**
 * Addresses of a host from the DNS: IPv6 before IPv4 unless `ipv4Prefer`, in random order within each. An IP address is itself.
 * All found hosts keep name, MX value and port of `host`.
 */
export async function findHostByDns(written: HostItem, search: HostSearch): Promise<HostFinding> {
  const { widening } = search;
  const names =
    widening === undefined || isIp(written.name) ? [written.name] : widenedNames(written.name, widening, search.frame.services.dns);
  let finding: HostFinding = { kind: 'not-found' };
  for (const name of names) {
    finding = await findExactHost(name === written.name ? written : { ...written, name }, search);
    if (finding.kind !== 'not-found') break;
  }
  return finding;
}

async function findExactHost(written: HostItem, search: HostSearch): Promise<HostFinding> {
  const host = withAsciiName(written, search.frame);
  if (isIp(host.name)) return withAddresses(host, [{ address: host.name, isSecure: false }], search, host.name);
  if (!isHostName(host.name, search.frame)) return { kind: 'not-found' };
  const found: FoundAddress[] = [];
  let fullName = host.name;
  let again: Octets | undefined;
  let isInsecure = false;
  for (const type of await addressTypes(host.name, search)) {
    const answer = await resolve(host.name, type, search);
    if (isTooInsecure(answer, search)) isInsecure = true;
    else if (answer.kind === 'found') {
      fullName = answer.name;
      const addresses = answer.records.flatMap((record) =>
        record.type === type && 'address' in record ? [{ address: record.address, isSecure: answer.isAuthenticated }] : [],
      );
      found.push(...shuffle(addresses, search.frame));
    } else if (answer.kind === 'again' || answer.kind === 'fail') again = answer.message;
  }
  if (found.length > 0) return withAddresses(host, found, search, fullName);
  if (isInsecure) return { kind: 'insecure' };
  return again === undefined ? { kind: 'not-found' } : { kind: 'again', message: again };
}

/** Addresses of a host as the system knows them (/etc/hosts first). */
export async function findHostByName(written: HostItem, search: HostSearch): Promise<HostFinding> {
  const host = withAsciiName(written, search.frame);
  if (isIp(host.name)) return withAddresses(host, [{ address: host.name, isSecure: false }], search, host.name);
  const family = search.ipv4Only === true || (await isIpv4Only(host.name, search.frame)) ? 4 : 0;
  const answer = await search.frame.services.hosts.byName(host.name, family, search.until);
  switch (answer.kind) {
    case 'found':
      if (search.requiresDnssec && !answer.isAuthenticated) return { kind: 'insecure' };
      return withAddresses(
        host,
        inOrder(answer.addresses, search.ipv4Prefer === true).map((address) => ({ address, isSecure: answer.isAuthenticated })),
        search,
        host.name,
      );
    case 'not-found':
      if (!isAddressTest(search.frame)) logNoAddress(host.name, search.frame);
      return { kind: 'not-found' };
    case 'again':
      return (await isNonexistentWhenAgain(host.name, search.frame)) ? { kind: 'not-found' } : { kind: 'again', message: answer.message };
  }
}

/** What is asked for in place of a name in UTF-8: its a-labels, unless `allow_utf8_domains`. Spec ch. 60 "Internationalisation". */
function asciiName(name: Octets, frame: Frame): Octets {
  if (isAscii(name) || frame.config.main.allow_utf8_domains) return name;
  const ascii = domainToAlabel(name);
  return typeof ascii === 'string' ? ascii : name;
}

function withAsciiName(host: HostItem, frame: Frame): HostItem {
  const name = asciiName(host.name, frame);
  return name === host.name ? host : { ...host, name };
}

/** IPv6 before IPv4 or the other way round, else as they were found. */
function inOrder(addresses: readonly Octets[], ipv4First: boolean): readonly Octets[] {
  const isFirst = (address: Octets) => address.includes(':') !== ipv4First;
  return [...addresses.filter(isFirst), ...addresses.filter((address) => !isFirst(address))];
}

/** `-bt` and `-bv`. */
function isAddressTest(frame: Frame): boolean {
  const { session } = frame;
  return session === undefined ? mailOf(frame) === undefined : session.mode === 'command-line' && session.isRehearsal;
}

interface FoundAddress {
  readonly address: Octets;
  readonly isSecure: boolean;
}

async function withAddresses(
  host: HostItem,
  addresses: readonly FoundAddress[],
  search: HostSearch,
  fullName: Octets,
): Promise<HostFinding> {
  const hosts: HostItem[] = [];
  let isLocal = await isTreatedAsLocal(host.name, search.frame);
  // A host is known by the name that its address stands under, at the end of its CNAMEs.
  const name = lowerCase(fullName) === lowerCase(host.name) ? host.name : fullName;
  for (const { address, isSecure } of addresses) {
    const item: HostItem = { ...host, name, ...(name === host.name ? {} : { certificateName: host.name }), address, isDnsSecure: isSecure };
    const ignored = await isIgnored(item, search);
    if (ignored.kind !== 'ok')
      return { kind: 'again', message: ignored.kind === 'forced-fail' ? 'ignore_target_hosts failed' : ignored.message };
    if (ignored.value) continue;
    hosts.push(item);
    if (isLocalAddress(address, search.frame)) isLocal = true;
  }
  return hosts.length === 0 ? { kind: 'ignored' } : { kind: 'found', hosts, isLocal, fullName, localWasRemoved: false };
}

async function isIgnored(host: HostItem, search: HostSearch): Promise<Outcome<boolean>> {
  if (search.ignore === undefined) return ok(false);
  const { address } = search.frame;
  const frame: Frame =
    address === undefined ? search.frame : { ...search.frame, address: { ...address, state: { ...address.state, host } } };
  const match = await frame.services.lists.matchHost(search.ignore, { address: host.address, name: host.name, isSender: false }, frame);
  return match.kind === 'ok' ? ok(match.value.matched) : match;
}

async function addressTypes(name: Octets, search: HostSearch): Promise<readonly ('A' | 'AAAA')[]> {
  if (search.ipv4Only === true || (await isIpv4Only(name, search.frame))) return ['A'];
  return search.ipv4Prefer === true ? ['A', 'AAAA'] : ['AAAA', 'A'];
}

function isTooInsecure(answer: DnsAnswer, { requiresDnssec }: HostSearch): boolean {
  return requiresDnssec === true && answer.kind === 'found' && !answer.isAuthenticated;
}

/** A look-up with `dns_again_means_nonexist` applied. */
async function resolve(name: Octets, type: DnsType, search: HostSearch): Promise<DnsAnswer> {
  const dnssec = search.dnssec === true || search.requiresDnssec === true;
  const answer = await search.frame.services.dns.resolve(name, type, search.until, { dnssec });
  if (answer.kind !== 'again' || !(await isNonexistentWhenAgain(name, search.frame))) return answer;
  return { kind: 'no-name', isAuthenticated: false };
}

async function isNonexistentWhenAgain(name: Octets, frame: Frame): Promise<boolean> {
  const list = frame.config.main.dns_again_means_nonexist;
  if (list === undefined) return false;
  const match = await frame.services.lists.matchDomain(list, untainted(lowerCase(name)), frame);
  return match.kind === 'ok' && match.value.matched;
}

/** Exim's default of `dns_check_names_pattern`: labels of letters, digits, `_`, `-`, `/`, beginning and ending with a letter, digit or `_`. */
const HOST_NAME = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9/_-]*[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9/_-]*[A-Za-z0-9_])?)*\.?$/;
const UTF8_HOST_NAME =
  /^(?:[A-Za-z0-9_\x80-\xff](?:[A-Za-z0-9/_\x80-\xff-]*[A-Za-z0-9_\x80-\xff])?)(?:\.[A-Za-z0-9_\x80-\xff](?:[A-Za-z0-9/_\x80-\xff-]*[A-Za-z0-9_\x80-\xff])?)*\.?$/;

/** Whether the name is one to ask the DNS for. */
export function isHostName(name: Octets, frame: Frame): boolean {
  const { dns_check_names_pattern: pattern, allow_utf8_domains: allowsUtf8 } = frame.config.main;
  if (pattern === '') return true;
  if (pattern === undefined) return name.length <= 255 && (allowsUtf8 ? UTF8_HOST_NAME : HOST_NAME).test(name);
  const compiled = frame.services.regexes.compile(pattern);
  return compiled.kind === 'ok' && compiled.regex.match(name).kind === 'match';
}

// ---------------------------------------------------------------- hosts of a mail domain

export interface MailHostSearch extends HostSearch {
  /** Address records count when there is no MX record; a function is asked only then. */
  readonly usesAddressRecords: boolean | (() => Promise<boolean>);
  /** A failing MX look-up counts as "no MX records" (`mx_fail_domains`). */
  readonly ignoresMxFailure: boolean;
  /** Service of `check_srv`. */
  readonly service?: Octets | undefined;
  readonly ignoresSrvFailure?: boolean;
  readonly port?: number | undefined;
}

/** Hosts for a domain: SRV when asked for, MX, or address records; those of the same preference in random order. */
export async function findMailHosts(written: Octets, search: MailHostSearch): Promise<HostFinding> {
  const domain = asciiName(written, search.frame);
  if (isIp(domain) || !isHostName(domain, search.frame)) return { kind: 'not-found' };
  if (search.service !== undefined) {
    const bySrv = await findSrvHosts(domain, search.service, search);
    if (bySrv !== undefined) return bySrv;
  }
  const answer = await resolve(domain, 'MX', search);
  if (isTooInsecure(answer, search)) return { kind: 'insecure' };
  switch (answer.kind) {
    case 'found':
      return addressesOfMx(answer, search);
    case 'again':
    case 'fail':
      if (!search.ignoresMxFailure) return { kind: 'again', message: answer.message };
      break;
    case 'no-name':
    case 'no-data':
      break;
  }
  const { usesAddressRecords: uses } = search;
  if (!(typeof uses === 'function' ? await uses() : uses)) return { kind: 'not-found' };
  return findHostByDns({ name: domain, port: search.port }, search);
}

async function addressesOfMx(answer: DnsAnswer & { kind: 'found' }, search: MailHostSearch): Promise<HostFinding> {
  const { frame } = search;
  const hosts = answer.records.flatMap((record): HostItem[] =>
    record.type === 'MX'
      ? [{ name: record.exchange, mx: record.preference, sortKey: frame.services.random.below(MX_KEYS), port: search.port }]
      : [],
  );
  if (hosts.length === 1 && (hosts[0]?.name === '' || hosts[0]?.name === '.')) return { kind: 'not-found', reason: 'null-mx' };
  hosts.sort((a, b) => (a.mx ?? 0) - (b.mx ?? 0) || (a.sortKey ?? 0) - (b.sortKey ?? 0));
  return addressesOfHosts(withoutRepetitions(hosts), answer.name, search, answer.isAuthenticated);
}

/** The same host at several preferences is contacted at its best one. */
function withoutRepetitions(hosts: readonly HostItem[]): HostItem[] {
  const seen = new Set<Octets>();
  return hosts.filter((host) => {
    const key = `${lowerCase(host.name)}:${host.port ?? ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * Looks up the addresses of sorted hosts; among those of one preference IPv6 comes first, or IPv4 with `ipv4Prefer`. This host, and all of the same or a worse preference, are dropped, unless it is the best.
 * A host is secure when its name and its address are. A host that cannot be looked up now makes the answer `again` only when nothing better was found.
 */
async function addressesOfHosts(
  hosts: readonly HostItem[],
  fullName: Octets,
  search: MailHostSearch,
  areNamesSecure: boolean,
): Promise<HostFinding> {
  const found: FoundHost[] = [];
  let again: Octets | undefined;
  let ignoredAll = hosts.length > 0;
  let sawIp = false;
  let isInsecure = false;
  for (const host of hosts) {
    if (isIp(host.name) && !search.frame.config.main.allow_mx_to_ip) {
      sawIp = true;
      ignoredAll = false;
      continue;
    }
    const finding = await findHostByDns(host, search);
    if (finding.kind !== 'ignored') ignoredAll = false;
    if (finding.kind === 'again') again ??= finding.message;
    if (finding.kind === 'insecure') isInsecure = true;
    if (finding.kind === 'found') {
      const { isLocal: isSelf } = finding;
      found.push(...finding.hosts.map((item) => ({ ...item, isDnsSecure: item.isDnsSecure === true && areNamesSecure, isSelf })));
    }
  }
  const isSecond = ({ address = '' }: HostItem) => (address.includes(':') === (search.ipv4Prefer === true) ? 1 : 0);
  found.sort((a, b) => (a.mx ?? 0) - (b.mx ?? 0) || isSecond(a) - isSecond(b));
  return judgeFound(withoutRepeatedAddresses(found), { best: hosts[0], again, isInsecure, ignoredAll, sawIp, fullName });
}

type FoundHost = HostItem & { readonly isSelf: boolean };

/** An address that has a better host already is not tried again. */
function withoutRepeatedAddresses(hosts: readonly FoundHost[]): FoundHost[] {
  const seen = new Set<Octets>();
  return hosts.filter(({ address, port }) => {
    const key = `${address ?? ''}:${port ?? ''}`;
    const isNew = address === undefined || !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

interface SearchSummary {
  readonly best: HostItem | undefined;
  readonly again: Octets | undefined;
  readonly isInsecure: boolean;
  readonly ignoredAll: boolean;
  readonly sawIp: boolean;
  readonly fullName: Octets;
}

function judgeFound(found: readonly FoundHost[], { best, again, isInsecure, ignoredAll, sawIp, fullName }: SearchSummary): HostFinding {
  const self = found.find((host) => host.isSelf);
  const others = self === undefined ? found : found.filter((host) => (host.mx ?? 0) < (self.mx ?? 0));
  if (others.length > 0)
    return { kind: 'found', hosts: others.map(withoutMark), isLocal: false, fullName, localWasRemoved: self !== undefined };
  if (self !== undefined && self.mx === best?.mx)
    return { kind: 'found', hosts: found.map(withoutMark), isLocal: true, fullName, localWasRemoved: false };
  if (isInsecure) return { kind: 'insecure' };
  if (again !== undefined) return { kind: 'again', message: again };
  if (ignoredAll) return { kind: 'ignored', isOfMx: true };
  return { kind: 'not-found', reason: sawIp ? 'mx-to-ip' : 'mx-without-hosts' };
}

function withoutMark({ isSelf: _isSelf, ...host }: FoundHost): HostItem {
  return host;
}

/** RFC 2782: by priority, then at random by weight. Undefined: there is no SRV record. */
async function findSrvHosts(domain: Octets, service: Octets, search: MailHostSearch): Promise<HostFinding | undefined> {
  const answer = await resolve(`_${service}._tcp.${domain}`, 'SRV', search);
  if (answer.kind === 'again' || answer.kind === 'fail')
    return search.ignoresSrvFailure === true ? undefined : { kind: 'again', message: answer.message };
  if (answer.kind !== 'found') return undefined;
  if (isTooInsecure(answer, search)) return { kind: 'insecure' };
  const records = answer.records.flatMap((record) => (record.type === 'SRV' ? [record] : []));
  if (records.length === 0) return undefined;
  if (records.length === 1 && (records[0]?.target === '' || records[0]?.target === '.')) return { kind: 'not-found' };
  const { random } = search.frame.services;
  const hosts = records
    .map((record) => ({
      record,
      key: record.weight === 0 ? Number.POSITIVE_INFINITY : -Math.log((random.below(1_000_000) + 1) / 1_000_001) / record.weight,
    }))
    .sort((a, b) => a.record.priority - b.record.priority || a.key - b.key)
    .map(({ record }): HostItem => ({ name: record.target, mx: record.priority, port: record.port }));
  return addressesOfHosts(withoutRepetitions(hosts), domain, search, answer.isAuthenticated);
}

/** In random order: by a number that is drawn for each. */
export function shuffle<T>(items: readonly T[], frame: Frame): T[] {
  return items
    .map((item) => ({ item, key: frame.services.random.below(SHUFFLE_KEYS) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
