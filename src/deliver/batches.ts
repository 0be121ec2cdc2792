/** Which addresses go out together. Spec ch. 25 "Address batching in local transports", ch. 30 "The smtp transport" (max_rcpt, multi_domain). */
import { type Octets, parseDecimal } from '../base/octets.ts';
import type { Address, Frame, HostItem, Template } from '../core/index.ts';
import { mailOf } from '../core/index.ts';

/** Remote addresses: same transport, hosts, errors address, header changes and identity; at most `max_rcpt` where several may run at a time; one domain unless `multi_domain`. */
export async function remoteBatches(
  addresses: readonly Address[],
  frame: Frame,
  maxParallel = frame.config.main.remote_max_parallel,
): Promise<Address[][]> {
  const limits = new Map<Address, { readonly count: number; readonly isMultiDomain: boolean }>();
  for (const address of addresses) {
    const own = address.state.transport?.own ?? {};
    const scoped: Frame = { ...frame, address };
    limits.set(address, {
      count: remoteLimit(await numberOption(own['max_rcpt'], 100, scoped), address, maxParallel),
      isMultiDomain: await booleanOption(own['multi_domain'], true, scoped),
    });
  }
  return group(
    addresses,
    (address) => remoteKey(address, limits.get(address)?.isMultiDomain ?? true),
    (address) => limits.get(address)?.count ?? 100,
  );
}

/**
 * Without parallel deliveries the transport sends one transaction after another over one connection, unless each recipient has values of its own
 * (`max_rcpt = 1` for a return path with the recipient in it). 0: no limit.
 */
function remoteLimit(maxRcpt: number, address: Address, maxParallel: number): number {
  if (maxParallel > 1) return maxRcpt;
  const settings = [...(address.state.transport?.settings ?? [])];
  const isOfOne = settings.some(([name, { raw }]) => (name === 'max_rcpt' ? raw === '1' : raw.includes('local_part')));
  return maxRcpt === 1 && isOfOne ? 1 : 0;
}

/** Local addresses go one by one unless `batch_max` lets a transport take several that have the same values, and the same `batch_id`. */
export async function localBatches(addresses: readonly Address[], frame: Frame): Promise<Address[][]> {
  const ids = new Map<Address, Octets | undefined>();
  if (addresses.length > 1) for (const address of addresses) if (batchMax(address) > 1) ids.set(address, await batchId(address, frame));
  return group(
    addresses,
    (address) => `${localKey(address)}${ids.get(address) ?? `\0${address.unique}`}`,
    (address) => (ids.get(address) === undefined ? 1 : batchMax(address)),
  );
}

function batchMax(address: Address): number {
  const limit = address.state.transport?.own['batch_max'];
  return typeof limit === 'number' ? limit : 1;
}

/** '' without the option; undefined: it could not be expanded, and the address goes alone. */
async function batchId(address: Address, frame: Frame): Promise<Octets | undefined> {
  const option = address.state.transport?.own['batch_id'];
  if (option === undefined || option === null || typeof option !== 'object') return '';
  const expanded = await (option as Template).evaluate({ ...frame, address }); // options of a driver that are objects are templates
  if (expanded.kind === 'ok') return expanded.value.octets;
  const what = `Failed to expand batch_id option in ${address.state.transport?.name ?? ''} transport (${address.address})`;
  const { log } = frame.services;
  log.panic(`${what}: ${expanded.kind === 'forced-fail' ? 'forced failure' : expanded.message}`, mailOf(frame)?.id);
  return undefined;
}

/** A plain value, or a template to be expanded. */
async function optionText(option: unknown, frame: Frame): Promise<Octets | undefined> {
  if (option === undefined || option === null || typeof option !== 'object') return option === undefined ? undefined : String(option);
  const expanded = await (option as Template).evaluate(frame); // options of a driver that are objects are templates
  return expanded.kind === 'ok' ? expanded.value.octets : undefined;
}

async function numberOption(option: unknown, otherwise: number, frame: Frame): Promise<number> {
  const value = parseDecimal((await optionText(option, frame)) ?? '');
  return value ?? otherwise;
}

async function booleanOption(option: unknown, otherwise: boolean, frame: Frame): Promise<boolean> {
  const value = await optionText(option, frame);
  return value === undefined ? otherwise : !/^(?:false|no|0|)$/.test(value);
}

function group(addresses: readonly Address[], keyOf: (address: Address) => Octets, limitOf: (address: Address) => number): Address[][] {
  const batches: Address[][] = [];
  const open = new Map<Octets, Address[]>();
  for (const address of addresses) {
    const limit = limitOf(address);
    const key = keyOf(address);
    const batch = open.get(key);
    if (batch !== undefined && (limit <= 0 || batch.length < limit)) {
      batch.push(address);
      continue;
    }
    const begun = [address];
    batches.push(begun);
    open.set(key, begun);
  }
  return batches;
}

function remoteKey(address: Address, isMultiDomain: boolean): Octets {
  const { state } = address;
  return JSON.stringify([
    state.transport?.name,
    isMultiDomain ? '' : address.domain,
    hostsKey(state.hosts),
    state.errorsTo,
    state.headersAdd,
    state.headersRemove,
    state.uid,
    state.gid,
  ]);
}

function localKey(address: Address): Octets {
  const { state, kind } = address;
  return JSON.stringify([
    state.transport?.name,
    kind,
    kind === 'mailbox' ? namedValues(address) : address.address,
    hostsKey(state.hosts),
    state.errorsTo,
    state.headersAdd,
    state.headersRemove,
    state.uid,
    state.gid,
    state.home?.octets,
  ]);
}

/** Addresses differ where an option of the transport's driver names what differs; those that every transport has do not count. */
function namedValues(address: Address): Octets {
  const { own = {}, settings = new Map() } = address.state.transport ?? {};
  const options = [...settings].flatMap(([name, { raw }]) => (Object.hasOwn(own, name) ? [raw] : [])).join('\n');
  return `${options.includes('$local_part') || options.includes('{local_part') ? address.localPart : ''}@${options.includes('$domain') || options.includes('{domain') ? address.domain : ''}`;
}

function hostsKey(hosts: readonly HostItem[] | undefined): Octets {
  return (hosts ?? []).map((host) => `${host.name}[${host.address ?? ''}]:${host.port ?? ''}`).join(' ');
}
