/** IP addresses in the forms that operators write. Spec ch. 11 "Expansion operators". */
import { formatIp, type IpBytes, maskIp, parseIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';
import { wrapInteger } from './numbers.ts';

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

/** Without leading zeros, the first of the longest runs of zero groups as `::`, also when it is one group; never with a dotted part. */
export function shortIpv6(bytes: IpBytes): Octets {
  const groups: number[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  const run = longestZeroRun(groups);
  const write = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  return run.length === 0 ? write(groups) : `${write(groups.slice(0, run.from))}::${write(groups.slice(run.from + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { readonly from: number; readonly length: number } {
  let best = { from: 0, length: 0 };
  for (let from = 0; from < groups.length; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > best.length) best = { from, length };
  }
  return best;
}

/** `address/bits` with the bits behind the mask cleared. */
export function maskAddress(text: Octets, isNormal: boolean): Octets | NotOk {
  const slash = text.lastIndexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const suffix = slash < 0 ? undefined : text.slice(slash + 1);
  const bytes = parseIp(address);
  if (
    bytes === undefined ||
    (suffix !== undefined && address.includes('%')) ||
    (suffix !== undefined && !/^(?:[\t-\r ]*\+?[0-9]+)?$/.test(suffix))
  )
    return fail(`"${text}" is not an IP address`);
  if (suffix === undefined) return fail(`missing mask value in "${text}"`);
  const bits = wrapInteger(suffix);
  if (bits < 0 || bits > bytes.length * 8) return fail(`mask value too big in "${text}"`);
  const masked = maskIp(bytes, bits);
  const written = masked.length === 4 ? formatIp(masked) : isNormal ? shortIpv6(masked) : longIpv6(masked, '.');
  return `${written}/${bits}`;
}
