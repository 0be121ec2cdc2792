/**
 * The name of a host from its address: PTR (or the system's tables), each name accepted only if its addresses include the one we began with.
 * Spec ch. 10 "Host list patterns that match by host name"; option host_lookup_order.
 */
import { formatIp, parseIp, ptrName } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase, lowerCase, printable } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { mailOf } from '../core/frame.ts';
import type { HostLookup, Log } from '../core/ports.ts';
import type { Origin } from '../core/session.ts';

export type HostNameLookup =
  | { readonly kind: 'found'; readonly name: Octets; readonly aliases: readonly Octets[]; readonly isAuthenticated: boolean }
  /** `mismatch`: the first of the names, none of which has the address. */
  | { readonly kind: 'not-found'; readonly mismatch: Octets | undefined }
  | { readonly kind: 'deferred'; readonly message: string };

type NamesFound = { readonly names: readonly Octets[]; readonly isAuthenticated: boolean } | 'none' | { readonly deferred: string };

const maxNames = 20;

/**
 * Finds the name of the session's sending host and keeps it in the session's origin; what was found before is not looked up again.
 * Writes `no host name found for IP address …` (selector host_lookup_failed).
 */
export async function lookUpSenderName(frame: Frame): Promise<HostNameLookup> {
  const origin = frame.session?.state.origin;
  const known = origin && knownName(origin);
  if (known) return known;
  if (!origin || origin.hostAddress === undefined || origin.hostAddress === '') return { kind: 'not-found', mismatch: undefined };
  const result = await findHostName(origin.hostAddress, frame);
  switch (result.kind) {
    case 'found':
      origin.hostName = result.name;
      origin.hostAliases = result.aliases;
      origin.hostDnssec = result.isAuthenticated;
      origin.hostLookup = 'found';
      break;
    case 'not-found':
      origin.hostLookup = 'failed';
      origin.hostNameMismatch = result.mismatch;
      break;
    case 'deferred':
      origin.hostLookup = 'deferred';
      break;
  }
  return result;
}

/** Why a host has no name, as log lines say it. */
export function missingNameReason({ hostAddress = '', hostNameMismatch }: Readonly<Origin>): Octets {
  if (hostNameMismatch === undefined) return 'failed to find host name from IP address';
  return `${hostAddress} does not match any IP address for ${hostNameMismatch}`;
}

/** What is known of the name without looking it up. */
export function knownName(origin: Readonly<Origin>): HostNameLookup | undefined {
  if (origin.hostName !== undefined)
    return { kind: 'found', name: origin.hostName, aliases: origin.hostAliases ?? [], isAuthenticated: origin.hostDnssec ?? false };
  if (origin.hostLookup === 'failed') return { kind: 'not-found', mismatch: origin.hostNameMismatch };
  if (origin.hostLookup === 'deferred') return { kind: 'deferred', message: '' };
  return undefined;
}

/** Of any address; nothing is kept. */
export async function findHostName(address: Octets, frame: Frame): Promise<HostNameLookup> {
  const bytes = parseIp(address);
  if (!bytes) return { kind: 'not-found', mismatch: undefined };
  const { log } = frame.services;
  log.debug('host_lookup', () => `looking up host name for ${address}`);
  let deferred: string | undefined;
  for (const method of frame.config.main.host_lookup_order) {
    const found = await namesBy(method, address, bytes, frame);
    if (found === 'none') continue;
    if ('deferred' in found) {
      deferred ??= found.deferred;
      break; // Exim does not go on to the next method after a temporary error
    }
    for (const [i, name] of found.names.entries())
      log.debug('host_lookup', () => (i === 0 ? `IP address lookup yielded "${name}"` : `  alias "${name}"`));
    return confirmNames(found.names, found.isAuthenticated, formatIp(bytes), frame);
  }
  if (deferred !== undefined) return { kind: 'deferred', message: deferred };
  if (log.selected('host_lookup_failed')) log.main(`no host name found for IP address ${address}`, mailOf(frame)?.id);
  return { kind: 'not-found', mismatch: undefined };
}

/** An unknown method finds nothing. */
function namesBy(method: Octets, address: Octets, bytes: Uint8Array, frame: Frame): Promise<NamesFound> | NamesFound {
  switch (method) {
    case 'bydns':
      return namesByDns(ptrName(bytes), frame);
    case 'byaddr':
      return namesBySystem(address, frame);
    default:
      return 'none';
  }
}

async function namesByDns(pointer: Octets, frame: Frame): Promise<NamesFound> {
  const answer = await frame.services.dns.resolve(pointer, 'PTR', frame.until, { dnssec: true });
  if (answer.kind === 'again') return { deferred: answer.message };
  if (answer.kind !== 'found') return 'none';
  const names = answer.records.flatMap((record) => (record.type === 'PTR' && record.target !== '' ? [lowerCase(record.target)] : []));
  return names.length === 0 ? 'none' : { names: names.slice(0, maxNames), isAuthenticated: answer.isAuthenticated };
}

async function namesBySystem(address: Octets, frame: Frame): Promise<NamesFound> {
  const found = await frame.services.hosts.byAddress(address, frame.until);
  if (found.kind === 'again') return { deferred: found.message };
  return found.kind === 'not-found'
    ? 'none'
    : { names: [found.name, ...found.aliases].slice(0, maxNames).map(lowerCase), isAuthenticated: false };
}

/**
 * Keeps the names that have the address in the DNS; as in Exim the system's tables confirm no other than `localhost`. A name whose addresses cannot be found
 * now defers only when none is confirmed.
 */
async function confirmNames(names: readonly Octets[], isAuthenticated: boolean, address: Octets, frame: Frame): Promise<HostNameLookup> {
  const { log } = frame.services;
  const type = address.includes(':') ? 'AAAA' : 'A';
  const confirmed: Octets[] = [];
  let deferred: string | undefined;
  let allAuthenticated = isAuthenticated;
  for (const name of names) {
    const found = await addressesOf(name, type, frame);
    log.debug('host_lookup', () => `checking addresses for ${name}`);
    if (found.kind === 'again') deferred ??= found.message;
    if (found.kind !== 'found') continue;
    if (!found.addresses.some((other) => canonical(other) === address)) {
      log.debug('host_lookup', () => `  no match for ${address} among the addresses of ${name}`);
      continue;
    }
    allAuthenticated &&= found.isAuthenticated;
    if (!confirmed.some((other) => equalsIgnoreCase(other, name))) confirmed.push(name);
  }
  const [name, ...aliases] = confirmed;
  if (name !== undefined) return { kind: 'found', name, aliases, isAuthenticated: allAuthenticated };
  if (deferred !== undefined) return { kind: 'deferred', message: deferred };
  log.debug('host_lookup', () => `${address} does not match any IP address for ${names[0] ?? ''}`);
  return { kind: 'not-found', mismatch: names[0] };
}

/** From the DNS, but for `localhost`, which is the system's own (RFC 6761 s6.3). */
async function addressesOf(name: Octets, type: 'A' | 'AAAA', { services, until }: Frame): Promise<HostLookup> {
  if (name === 'localhost') return services.hosts.byName(name, type === 'A' ? 4 : 6, until);
  const answer = await services.dns.resolve(name, type, until, { dnssec: true });
  if (answer.kind === 'again') return answer;
  if (answer.kind !== 'found') return { kind: 'not-found' };
  const addresses = answer.records.flatMap((record) => (record.type === type ? [record.address] : []));
  return { kind: 'found', name, aliases: [], addresses, isAuthenticated: answer.isAuthenticated };
}

/** Selector host_lookup_failed. */
export function logNoAddress(name: Octets, frame: Frame): void {
  if (!frame.services.log.selected('host_lookup_failed')) return;
  const { session } = frame;
  const isSmtp = session?.mode === 'smtp-tcp' || session?.mode === 'smtp-local';
  const during = isSmtp ? ` (during SMTP connection from ${clientName(session.state.origin, frame.services.log)})` : '';
  frame.services.log.main(`no IP address found for host ${name}${during}`, mailOf(frame)?.id);
}

/** Host, or who calls, with what `incoming_port` and `incoming_interface` add. */
function clientName(origin: Readonly<Origin>, log: Log): Octets {
  const { hostAddress, hostPort, hostName, heloName, interfaceAddress, interfacePort, ident = '' } = origin;
  if (hostAddress === undefined) return ident;
  const helo = heloName === undefined || heloName === hostName ? '' : `(${printable(heloName)}) `;
  const port = hostPort !== undefined && log.selected('incoming_port') ? `:${hostPort}` : '';
  const isShown = interfaceAddress !== undefined && log.selected('incoming_interface');
  const ours = isShown ? ` I=[${interfaceAddress}]:${interfacePort ?? 0}` : '';
  return `${hostName === undefined ? '' : `${hostName} `}${helo}[${hostAddress}]${port}${ours}${ident === '' ? '' : ` U=${printable(ident)}`}`;
}

function canonical(address: Octets): Octets {
  const bytes = parseIp(address);
  return bytes ? formatIp(bytes) : address;
}
