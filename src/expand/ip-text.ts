/** IP addresses in the forms that operators write. Spec ch. 11 "Expansion operators". */
import { formatIp, type IpBytes, maskIp, parseIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

/** 16 bytes; an IPv4 address becomes `::ffff:a.b.c.d`. */
export function ipv6Bytes(text: Octets): IpBytes | undefined {
  const bytes = parseIp(text);
  if (bytes?.length !== 4) return bytes;
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes]);
}

/** Eight groups of four digits. */
export function longIpv6(bytes: IpBytes, separator: string): Octets {
  return (Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []).join(separator);
}

/** Without leading zeros, the longest run of zero groups as `::`; never with a dotted part. */
export function shortIpv6(bytes: IpBytes): Octets {
  const text = formatIp(bytes);
  if (!text.includes('.')) return text;
  const group = (index: number) => (((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16);
  return `::ffff:${group(12)}:${group(14)}`;
}

/** `address/bits` with the bits behind the mask cleared. */
export function maskAddress(text: Octets, isNormal: boolean): Octets | NotOk {
  const slash = text.lastIndexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const suffix = slash < 0 ? undefined : text.slice(slash + 1);
  const bytes = parseIp(address);
  if (bytes === undefined || (suffix !== undefined && !/^[0-9]*$/.test(suffix))) return fail(`"${text}" is not an IP address`);
  if (suffix === undefined) return fail(`missing mask value in "${text}"`);
  const bits = Number.parseInt(suffix || '0', 10);
  if (bits > bytes.length * 8) return fail(`mask value too big in "${text}"`);
  const masked = maskIp(bytes, bits);
  const written = masked.length === 4 ? formatIp(masked) : isNormal ? shortIpv6(masked) : longIpv6(masked, '.');
  return `${written}/${bits}`;
}
