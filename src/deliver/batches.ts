/** Which addresses go out together. Spec ch. 25 "Address batching in local transports", ch. 30 "The smtp transport" (max_rcpt, multi_domain). */
import type { Octets } from '../base/octets.ts';
import type { Address, HostItem } from '../core/index.ts';

/** Remote addresses: same transport, hosts, errors address, header changes and identity; at most `max_rcpt`; one domain unless `multi_domain`. */
export function remoteBatches(addresses: readonly Address[]): Address[][] {
  return group(addresses, remoteKey, (address) => count(address.state.transport?.own['max_rcpt'], 100));
}

/** Local addresses go one by one unless `batch_max` lets a transport take several that have the same values. */
export function localBatches(addresses: readonly Address[]): Address[][] {
  return group(addresses, localKey, (address) => count(address.state.transport?.own['batch_max'], 1));
}

function group(addresses: readonly Address[], keyOf: (address: Address) => Octets, limitOf: (address: Address) => number): Address[][] {
  const batches: Address[][] = [];
  const open = new Map<Octets, Address[]>();
  for (const address of addresses) {
    const limit = limitOf(address);
    const key = keyOf(address);
    const batch = open.get(key);
    if (batch !== undefined && (limit === 0 || batch.length < limit)) {
      batch.push(address);
      continue;
    }
    const begun = [address];
    batches.push(begun);
    open.set(key, begun);
  }
  return batches;
}

/** 0 is no limit. */
function count(option: unknown, otherwise: number): number {
  return typeof option === 'number' ? option : otherwise;
}

function remoteKey(address: Address): Octets {
  const { state } = address;
  const domain = state.transport?.own['multi_domain'] === false ? address.domain : '';
  return JSON.stringify([state.transport?.name, domain, hostsKey(state.hosts), state.errorsTo, state.headersAdd, state.headersRemove, state.uid, state.gid]);
}

function localKey(address: Address): Octets {
  const { state, kind } = address;
  return JSON.stringify([
    state.transport?.name, kind, kind === 'mailbox' ? '' : address.address, hostsKey(state.hosts), state.errorsTo, state.headersAdd, state.headersRemove, state.uid, state.gid, state.home,
  ]);
}

function hostsKey(hosts: readonly HostItem[] | undefined): Octets {
  return (hosts ?? []).map((host) => `${host.name}[${host.address ?? ''}]:${host.port ?? ''}`).join(' ');
}
