/** One item of a host list of manualroute, `fallback_hosts` or the smtp transport. Spec ch. 20 "Format of one host item". */
import { isIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import type { HostItem } from './ports.ts';

export interface ParsedHost {
  readonly host: HostItem;
  /** `name/MX`: its MX hosts stand in its place. */
  readonly isMx: boolean;
}

/** `name`, `name:port`, `name/MX`, `name/MX:port`, `192.0.2.1:26`, `[2001:db8::1]:26`; a lone IPv6 address is no port. */
export function parseHostItem(item: Octets): ParsedHost {
  const { name, port } = splitPort(item);
  const isMx = lowerCase(name.slice(-3)) === '/mx';
  const plain = isMx ? name.slice(0, -3) : name;
  return { host: port === undefined ? { name: plain } : { name: plain, port }, isMx };
}

function splitPort(item: Octets): { readonly name: Octets; readonly port?: number } {
  if (isIp(item)) return { name: item };
  const bracketed = /^\[([^\]]+)\](?::([0-9]+))?$/.exec(item);
  if (bracketed?.[1] !== undefined && bracketed[2] !== undefined) return { name: bracketed[1], port: Number.parseInt(bracketed[2], 10) };
  const plain = /^(.*):([0-9]+)$/s.exec(item);
  if (plain?.[1] !== undefined && plain[2] !== undefined) return { name: plain[1], port: Number.parseInt(plain[2], 10) };
  return { name: item };
}
