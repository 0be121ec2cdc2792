/** IPv4 and IPv6 addresses and networks as bytes. RFC 4291 s2.2, RFC 4632. Our own parser: host lists compare thousands of networks. */
import type { Octets } from './octets.ts';

/** 4 or 16 bytes. */
export type IpBytes = Uint8Array;

export interface IpNetwork {
  readonly bytes: IpBytes;
  readonly prefixBits: number;
}

/** Undefined when the text is no IPv4 dotted quad or IPv6 address (a zone such as `%eth0` is dropped). */
export function parseIp(text: Octets): IpBytes | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

export function isIp(text: Octets): boolean {
  return parseIp(text) !== undefined;
}

/** 4, 6, or 0 for what is no address. */
export function ipVersion(text: Octets): 0 | 4 | 6 {
  const bytes = parseIp(text);
  return bytes === undefined ? 0 : bytes.length === 4 ? 4 : 6;
}

function parseIpv4(text: Octets): IpBytes | undefined {
  const match = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(text);
  if (!match) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = match[i + 1] ?? '';
    const value = Number.parseInt(part, 10);
    // A zero before other digits is octal to some and decimal to others: inet_pton refuses it
    if (value > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function parseIpv6(text: Octets): IpBytes | undefined {
  const zone = text.indexOf('%');
  let rest = zone < 0 ? text : text.slice(0, zone);
  let tail: number[] = [];
  const lastColon = rest.lastIndexOf(':');
  if (rest.includes('.')) {
    const v4 = parseIpv4(rest.slice(lastColon + 1));
    if (!v4) return undefined;
    tail = [...v4];
    rest = `${rest.slice(0, lastColon + 1)}0`; // a stand-in group, dropped below
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '');
  const end = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (!head || !end) return undefined;
  const last = halves.length === 2 ? end : head;
  if (tail.length > 0) {
    last.length -= 2;
    last.push(...tail);
  }
  const bytes = new Uint8Array(16);
  const missing = 16 - head.length - end.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  bytes.set(head, 0);
  bytes.set(end, 16 - end.length);
  return bytes;
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  for (const group of text.split(':')) {
    if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 255);
  }
  return bytes;
}

/** IPv4 dotted; IPv6 lower case with the longest run of zero groups as `::` (RFC 5952), as inet_ntop writes it. */
export function formatIp(bytes: IpBytes): Octets {
  if (bytes.length === 4) return bytes.join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  if (isMappedIpv4(bytes)) return `::ffff:${bytes.slice(12).join('.')}`;
  let bestFrom = -1;
  let bestLength = 1;
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (from + length < 8 && groups[from + length] === 0) length++;
    if (length > bestLength) [bestFrom, bestLength] = [from, length];
    if (length > 0) from += length - 1;
  }
  const hex = (list: number[]) => list.map((group) => group.toString(16)).join(':');
  if (bestFrom < 0) return hex(groups);
  return `${hex(groups.slice(0, bestFrom))}::${hex(groups.slice(bestFrom + bestLength))}`;
}

/** With all eight groups of an IPv6 address, four digits each. */
export function formatFullIp(bytes: IpBytes, separator = ':'): Octets {
  if (bytes.length === 4) return formatIp(bytes);
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16).padStart(4, '0'));
  return groups.join(separator);
}

/** `::ffff:a.b.c.d` */
export function isMappedIpv4(bytes: IpBytes): boolean {
  if (bytes.length !== 16) return false;
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 255 && bytes[11] === 255;
}

/** The address a socket reports, IPv4 written as IPv4 although the socket is IPv6. */
export function plainIp(text: Octets): Octets {
  const bytes = parseIp(text);
  if (!bytes) return text;
  return formatIp(isMappedIpv4(bytes) ? bytes.slice(12) : bytes);
}

/** `10.0.0.0/8`, `2001:db8::/32`, or an address (all its bits). */
export function parseNetwork(text: Octets): IpNetwork | undefined {
  const slash = text.indexOf('/');
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!bytes) return undefined;
  if (slash < 0) return { bytes, prefixBits: bytes.length * 8 };
  const suffix = text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(suffix)) return undefined;
  const prefixBits = Number.parseInt(suffix, 10);
  return prefixBits > bytes.length * 8 ? undefined : { bytes, prefixBits };
}

export function isInNetwork(address: IpBytes, network: IpNetwork): boolean {
  if (address.length !== network.bytes.length) return false;
  const whole = network.prefixBits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== network.bytes[i]) return false;
  const restBits = network.prefixBits & 7;
  if (restBits === 0) return true;
  const mask = (0xff00 >> restBits) & 0xff;
  return ((address[whole] ?? 0) & mask) === ((network.bytes[whole] ?? 0) & mask);
}

/** The address with all bits after `prefixBits` cleared. */
export function maskIp(bytes: IpBytes, prefixBits: number): IpBytes {
  const masked = new Uint8Array(bytes);
  for (let i = 0; i < masked.length; i++) {
    const bits = Math.min(8, Math.max(0, prefixBits - i * 8));
    masked[i] = (masked[i] ?? 0) & ((0xff00 >> bits) & 0xff);
  }
  return masked;
}

/** `4.3.2.1` or dotted nibbles, for DNS lists and PTR names (without `.in-addr.arpa`). RFC 1035 s3.5, RFC 3596 s2.5. */
export function reverseIp(bytes: IpBytes): Octets {
  if (bytes.length === 4) return [...bytes].reverse().join('.');
  return [...bytes]
    .reverse()
    .map((byte) => `${(byte & 15).toString(16)}.${(byte >> 4).toString(16)}`)
    .join('.');
}

/** The name whose PTR records name the host. */
export function ptrName(bytes: IpBytes): Octets {
  return `${reverseIp(bytes)}.${bytes.length === 4 ? 'in-addr' : 'ip6'}.arpa`;
}
