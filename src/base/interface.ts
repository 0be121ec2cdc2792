/** Items of local_interfaces. Spec ch. 13 "Specifying listening addresses". */
import { isIp } from './ip.ts';
import { type Octets, parseDecimal } from './octets.ts';

/** `1.2.3.4`, `1.2.3.4.1225`, `[1.2.3.4]:1225`, and the same for IPv6. */
export function parseInterface(item: Octets): { readonly address: Octets; readonly port: number | undefined } | undefined {
  const bracketed = /^\[([^\]]+)\](?::([0-9]+))?$/.exec(item);
  const dotted = /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*?)\.([0-9]+)$/.exec(item);
  const [address, port] = bracketed
    ? [bracketed[1] ?? '', bracketed[2]]
    : isIp(item)
      ? [item, undefined]
      : dotted
        ? [dotted[1] ?? '', dotted[2]]
        : [item, undefined];
  if (!isIp(address)) return undefined;
  return { address, port: port === undefined ? undefined : parseDecimal(port) };
}
