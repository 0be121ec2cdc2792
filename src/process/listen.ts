/** Where a daemon listens: local_interfaces, daemon_smtp_ports, tls_on_connect_ports and -oX. Spec ch. 13 "Starting the daemon and the use of network interfaces". */
import { parseInterface } from '../base/interface.ts';
import type { Octets } from '../base/octets.ts';
import { parseDecimal, trimSpace } from '../base/octets.ts';

export interface ListenAddress {
  readonly address: Octets;
  readonly port: number;
  readonly isTlsOnConnect: boolean;
}

export interface ListenSettings {
  /** Items of the options, split. */
  readonly localInterfaces: readonly Octets[];
  readonly smtpPorts: readonly Octets[];
  readonly tlsOnConnectPorts: readonly Octets[];
  /** `-oX`: items with an address replace local_interfaces, plain ports replace daemon_smtp_ports. */
  readonly overriding: readonly Octets[] | undefined;
  readonly tlsOnConnect: boolean;
  readonly isIpv6Disabled: boolean;
}

/** Well-known service names that are used for mail; others must be numbers. */
const SERVICES: ReadonlyMap<string, number> = new Map([
  ['smtp', 25],
  ['mail', 25],
  ['submission', 587],
  ['smtps', 465],
  ['ssmtp', 465],
  ['submissions', 465],
  ['urd', 465],
  ['lmtp', 24],
  ['exim', 1225],
]);

export type ListenAddresses =
  | { readonly kind: 'ok'; readonly addresses: readonly ListenAddress[] }
  | { readonly kind: 'error'; readonly message: Octets };

export function parsePort(text: Octets): number | undefined {
  const port = parseDecimal(text) ?? SERVICES.get(text);
  return port !== undefined && port >= 0 && port <= 65535 ? port : undefined;
}

/** Whether `tls_on_connect_ports` (split) has the port of a connection that somebody else accepted: inetd. */
export function isTlsPort(names: readonly Octets[], port: number): boolean {
  return names.some((name) => parsePort(trimSpace(name)) === port);
}

export function listenAddresses(settings: ListenSettings): ListenAddresses {
  const items = settings.overriding ?? [];
  const overridingPorts = items.filter((item) => !isAddressItem(item));
  const overridingInterfaces = items.filter((item) => isAddressItem(item));
  const interfaces = overridingInterfaces.length > 0 ? overridingInterfaces : settings.localInterfaces;
  const portNames = overridingPorts.length > 0 ? overridingPorts : settings.smtpPorts;

  const tlsPorts = new Set<number>();
  for (const name of settings.tlsOnConnectPorts) {
    const port = parsePort(trimSpace(name));
    if (port === undefined) return noSuchPort(name);
    tlsPorts.add(port);
  }
  const ports: number[] = [];
  for (const name of portNames) {
    const port = parsePort(trimSpace(name));
    if (port === undefined) return noSuchPort(name);
    ports.push(port);
  }

  const addresses: ListenAddress[] = [];
  for (const item of interfaces) {
    const parsed = parseInterface(trimSpace(item));
    if (!parsed) return { kind: 'error', message: `Malformed IP address "${trimSpace(item)}" in local_interfaces` };
    if (settings.isIpv6Disabled && parsed.address.includes(':')) continue;
    if (parsed.port === undefined && ports.length === 0) return noPort(parsed.address);
    for (const port of parsed.port === undefined ? ports : [parsed.port]) {
      if (addresses.some((other) => other.address === parsed.address && other.port === port && port !== 0)) continue;
      addresses.push({ address: parsed.address, port, isTlsOnConnect: settings.tlsOnConnect || tlsPorts.has(port) });
    }
  }
  return { kind: 'ok', addresses: addresses.filter((one) => !isCovered(one, addresses)) };
}

function noSuchPort(name: Octets): ListenAddresses {
  return { kind: 'error', message: `Exim configuration error:\n  TCP port "${name}" not found` };
}

function noPort(address: Octets): ListenAddresses {
  const name = address === '0.0.0.0' ? 'all IPv4' : isAnyIpv6(address) ? 'all IPv6' : address;
  return { kind: 'error', message: `no port specified for interface "${name}" and daemon_smtp_port is unset; cannot start daemon` };
}

/** Whoever listens on all addresses of a family has this one too: nobody else could listen there. */
function isCovered({ address, port }: ListenAddress, all: readonly ListenAddress[]): boolean {
  const isAny = address.includes(':') ? isAnyIpv6 : (other: Octets) => other === '0.0.0.0';
  return port !== 0 && !isAny(address) && all.some((other) => other.port === port && isAny(other.address));
}

function isAnyIpv6(address: Octets): boolean {
  return address === '::' || address === '::0';
}

function isAddressItem(item: Octets): boolean {
  return /[.:[]/.test(trimSpace(item));
}
