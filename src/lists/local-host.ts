/** Which addresses are the local host's. Spec ch. 13 "Starting the daemon and the use of network interfaces", section "Recognizing the local host". */
import { formatIp, parseIp } from '../base/ip.ts';
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';

/** Canonical text of every local address: `local_interfaces` (or all interfaces, where a wildcard stands) and `extra_local_interfaces`. */
export function localAddresses(frame: Frame): ReadonlySet<Octets> {
  const { main } = frame.config;
  const addresses = new Set<Octets>();
  const all = frame.services.machine.interfaceAddresses();
  for (const item of parseList(main.local_interfaces ?? '<; 0.0.0.0; ::0').items) {
    const address = interfaceAddress(item);
    if (address === '0.0.0.0')
      addAll(
        addresses,
        all.filter((one) => !one.includes(':')),
      );
    else if (address === '::')
      addAll(
        addresses,
        all.filter((one) => one.includes(':')),
      );
    else if (address !== undefined) addresses.add(address);
  }
  for (const item of parseList(main.extra_local_interfaces ?? '').items) {
    const address = interfaceAddress(item);
    if (address !== undefined) addresses.add(address);
  }
  return addresses;
}

function addAll(to: Set<Octets>, addresses: readonly Octets[]): void {
  for (const address of addresses) {
    const bytes = parseIp(address);
    if (bytes) to.add(formatIp(bytes));
  }
}

/** The address of `1.2.3.4`, `1.2.3.4.25`, `[::1]:25` and the like. */
function interfaceAddress(item: Octets): Octets | undefined {
  const bracketed = /^\[([^\]]*)\](?::[0-9]+)?$/.exec(item);
  const bytes = parseIp(bracketed?.[1] ?? item) ?? parseIp(item.replace(/\.[0-9]+$/, ''));
  return bytes && formatIp(bytes);
}
