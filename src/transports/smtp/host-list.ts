/** The hosts of one delivery, with addresses and ports, in the order in which they are tried. Spec ch. 30 `hosts`, `port`; ch. 13 "Recognizing the local host". */
import type { Octets } from '../../base/octets.ts';
import type { DeliveryBatch } from '../../core/drivers.ts';
import type { Frame } from '../../core/frame.ts';
import { parseHostItem } from '../../core/host-item.ts';
import type { HostItem } from '../../core/ports.ts';
import type { HostFinding } from '../../lists/mail-hosts.ts';
import { findHostByDns, findHostByName, shuffle } from '../../lists/mail-hosts.ts';
import type { Failing } from '../errno.ts';
import { eximErrno } from '../errno.ts';
import { messageOf } from '../settings.ts';
import type { SmtpOptions } from './options.ts';
import { protocolNamed } from './options.ts';

export type HostList =
  | { readonly kind: 'ok'; readonly hosts: readonly HostItem[] }
  | { readonly kind: 'failing'; readonly failing: Failing };

/** What finding hosts needs of a delivery; a callout has no more. */
export type HostSearch = Pick<DeliveryBatch, 'addresses' | 'frame' | 'instance' | 'services' | 'until'> & {
  readonly message?: Pick<DeliveryBatch['message'], 'id'>;
};

/** The router's hosts, else the option's. Each has an address. */
export async function hostsOf(set: SmtpOptions, batch: HostSearch): Promise<HostList> {
  const own = batch.addresses[0]?.state.hosts;
  const isRandomized = batch.addresses[0]?.state.isRandomizedHosts === true;
  if (own !== undefined && own.length > 0 && !(set.hosts_override && set.hosts !== undefined)) {
    const randomize = !isRandomized && own.every((host) => host.mx === undefined) && (await randomizes(set, batch.frame));
    return findAll(randomize ? shuffle(own, batch.frame) : own, set, batch, false);
  }
  if (set.hosts === undefined)
    return {
      kind: 'failing',
      failing: { number: eximErrno.unknown, message: `${batch.instance.name} transport called with no hosts set` },
    };
  const expanded = await set.hosts.evaluate(batch.frame);
  if (expanded.kind !== 'ok') {
    const message = `failed to expand list of hosts "${set.hosts.source}" in ${batch.instance.name} transport: ${messageOf(expanded)}`;
    const isPanic = expanded.kind !== 'defer';
    if (isPanic && batch.message === undefined) batch.services.log.panic(message); // a callout: no line about an address follows
    return { kind: 'failing', failing: { number: eximErrno.unknown, message, ...(isPanic ? { isPanic } : {}) } };
  }
  return hostsFromList(expanded.value.octets, set, batch);
}

/** Hosts of a list in an option: this host is refused unless `allow_localhost`. */
export async function hostsFromList(list: Octets, set: SmtpOptions, batch: HostSearch): Promise<HostList> {
  const groups: HostItem[][] = [[]];
  for (const item of batch.services.lists.split(list)) {
    if (item === '+') groups.push([]);
    else if (item !== '') groups.at(-1)?.push(parseHostItem(item).host);
  }
  const hosts = (await randomizes(set, batch.frame)) ? groups.flatMap((group) => shuffle(group, batch.frame)) : groups.flat();
  if (hosts.length === 0)
    return {
      kind: 'failing',
      failing: { number: eximErrno.unknown, message: `${batch.instance.name} transport called with empty hosts setting` },
    };
  return findAll(hosts, set, batch, !set.allow_localhost);
}

async function randomizes(set: SmtpOptions, frame: Frame): Promise<boolean> {
  if (typeof set.hosts_randomize === 'boolean') return set.hosts_randomize;
  const expanded = await set.hosts_randomize.evaluate(frame);
  return expanded.kind === 'ok' && /^(?:yes|true)$/.test(expanded.value.octets);
}

async function findAll(hosts: readonly HostItem[], set: SmtpOptions, batch: HostSearch, refusesLocal: boolean): Promise<HostList> {
  const found: HostItem[] = [];
  let problem: Failing | undefined;
  for (const host of hosts) {
    if (host.address !== undefined) {
      found.push(host);
      continue;
    }
    const finding = await findOne(host, set, batch);
    if (finding.kind === 'again')
      problem = {
        number: eximErrno.unknown,
        message: `no addresses found for host ${host.name}: ${finding.message}`,
        error: { name: 'lookup', detail: '', more: 0 },
      };
    else if (finding.kind !== 'found')
      problem = {
        number: eximErrno.unknown,
        message: `${batch.instance.name} transport: host lookup failed for ${host.name}`,
        error: { name: 'lookup', detail: '', more: 0 },
      };
    else if (finding.isLocal && refusesLocal)
      return {
        kind: 'failing',
        failing: {
          isFreeze: true,
          number: eximErrno.unknown,
          message: `${batch.instance.name} transport found host ${host.name} to be local`,
        },
      };
    else found.push(...finding.hosts);
  }
  if (found.length > 0) return { kind: 'ok', hosts: found };
  return {
    kind: 'failing',
    failing: problem ?? { number: eximErrno.unknown, message: `all hosts for '${batch.addresses[0]?.domain ?? ''}' are ignored` },
  };
}

async function findOne(host: HostItem, set: SmtpOptions, batch: HostSearch): Promise<HostFinding> {
  const search = { frame: batch.frame, until: batch.until };
  if (set.gethostbyname) return findHostByName(host, search);
  const widening = { qualifiesSingle: set.dns_qualify_single, searchesParents: set.dns_search_parents };
  const byDns = await findHostByDns(host, { ...search, widening });
  return byDns.kind === 'not-found' ? findHostByName(host, search) : byDns;
}

/** Ports of the services that the options name, as /etc/services has them. */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ['smtp', 25],
  ['lmtp', 24],
  ['smtps', 465],
  ['submissions', 465],
  ['ssmtp', 465],
  ['urd', 465],
  ['submission', 587],
  ['mail', 25],
]);

/** The port for hosts that bring none. */
export async function portOf(
  set: SmtpOptions,
  batch: HostSearch,
  frame: Frame,
): Promise<{ readonly kind: 'ok'; readonly port: number } | { readonly kind: 'failing'; readonly failing: Failing }> {
  let text: Octets = protocolNamed(set.protocol);
  if (set.port !== undefined) {
    const expanded = await set.port.evaluate(frame);
    if (expanded.kind !== 'ok')
      return {
        kind: 'failing',
        failing: {
          number: eximErrno.unknown,
          message: `failed to expand "${set.port.source}" ("port" option) for ${batch.instance.name} transport: ${messageOf(expanded)}`,
          isPanic: true,
        },
      };
    text = expanded.value.octets;
  }
  const port = /^[0-9]/.test(text) ? Number.parseInt(text, 10) : SERVICES.get(text);
  if (port === undefined || port > 65_535)
    return {
      kind: 'failing',
      failing: { number: eximErrno.unknown, message: `unknown port "${text}" in ${batch.instance.name} transport` },
    };
  return { kind: 'ok', port };
}

/** The first of the option's addresses of the host's family. */
export async function interfaceOf(
  set: SmtpOptions,
  batch: HostSearch,
  host: HostItem,
  frame: Frame,
): Promise<{ readonly kind: 'ok'; readonly address: Octets | undefined } | { readonly kind: 'failing'; readonly failing: Failing }> {
  if (set.interface === undefined) return { kind: 'ok', address: undefined };
  const expanded = await set.interface.evaluate(frame);
  if (expanded.kind === 'forced-fail') return { kind: 'ok', address: undefined };
  if (expanded.kind !== 'ok')
    return {
      kind: 'failing',
      failing: {
        number: eximErrno.unknown,
        message: `failed to expand "interface" option for ${batch.instance.name} transport: ${expanded.message}`,
        isPanic: true,
      },
    };
  const isV6 = host.address?.includes(':') === true;
  return {
    kind: 'ok',
    address: batch.services.lists.split(expanded.value.octets).find((item) => item !== '' && item.includes(':') === isV6),
  };
}
