/** What -bt and -bv print for an address, and their exit status. Spec ch. 5 "-bt", "-bv". */
import type { Octets } from '../base/octets.ts';
import type { Address, Frame } from '../core/index.ts';
import { makeAddress } from '../routers/address.ts';
import { type RoutingProblem, routeAddress } from '../routers/chain.ts';

/** 0 all well, 1 some could not be resolved now, 2 some failed. */
export type ReportStatus = 0 | 1 | 2;

export interface AddressReport {
  readonly text: Octets;
  readonly status: ReportStatus;
}

export type ReportPurpose = 'test' | 'verify-recipient' | 'verify-sender';

export interface AddressQuestion {
  readonly address: Octets;
  /** As which it was given. */
  readonly written: Octets;
  readonly purpose: ReportPurpose;
  /** Otherwise verification says only whether the address is good. */
  readonly isDetailed: boolean;
  /** Administrators are told why an address is not good. */
  readonly tellsWhy: boolean;
}

/** A mailbox, file or pipe, and why it cannot be used. */
interface Delivered {
  readonly delivery: Address;
  readonly problem: RoutingProblem | undefined;
}

const MAX_ADDRESSES = 100_000;

/**
 * Routes an address and all it is redirected to. `seen` holds what was delivered to before: further ones are duplicates.
 */
export async function reportAddress(
  { address, written, purpose, isDetailed, tellsWhy }: AddressQuestion,
  seen: Set<Octets>,
  frame: Frame,
): Promise<AddressReport> {
  const verify = purpose === 'test' ? 'test' : purpose === 'verify-sender' ? 'sender' : 'recipient';
  const isBrief = purpose !== 'test' && !isDetailed;
  const lines: Octets[] = [];
  const local: Delivered[] = [];
  const remote: Delivered[] = [];
  let status: ReportStatus = 0;
  let hasPlaces = false;
  const worse = (other: ReportStatus) => {
    if (other > status) status = other;
  };
  const pending: (Address | Delivered)[] = [makeAddress({ address, recipientIndex: 0 })];
  for (let count = 0; count < MAX_ADDRESSES; count++) {
    const current = pending.shift();
    if (current === undefined) break;
    if ('delivery' in current) {
      if (current.delivery.kind !== 'mailbox') {
        if (!isBrief) lines.push(...placeLines(current));
        hasPlaces = true;
        continue;
      }
      (current.delivery.state.transport?.isRemote === true ? remote : local).unshift(current);
      continue;
    }
    const routed = await routeAddress(current, { frame, verify });
    const places: Delivered[] = routed.deliveries.map((delivery) => ({ delivery, problem: undefined }));
    for (const problem of routed.problems) {
      if (problem.address.kind !== 'mailbox') {
        places.push({ delivery: problem.address, problem });
        continue;
      }
      const why = tellsWhy ? `: ${problem.message}` : '';
      if (isBrief) lines.push(problemText(problem, purpose, topOf(problem.address)) + why);
      else lines.push(problemText(problem, purpose, problem.address) + why, ...parentLines(problem.address.parent));
      worse(problem.kind === 'failed' ? 2 : 1);
    }
    if (isBrief && (lines.length > 0 || !goesOn(routed.children.length, places))) break;
    // an address that is delivered here comes before its copy that goes on (`unseen`)
    const own = places.filter(({ delivery }) => delivery.kind === 'mailbox');
    pending.unshift(...own, ...routed.children, ...places.filter((place) => !own.includes(place)));
  }
  if (isBrief) return { text: `${lines[0] ?? `${address} verified`}\n`, status };
  if (status === 0 && !hasPlaces && local.length === 0 && remote.length === 0) return { text: `mail to ${address} is discarded\n`, status };
  for (const delivered of [...local, ...remote]) lines.push(...deliveryLines(delivered, written, seen));
  return { text: lines.map((line) => `${line}\n`).join(''), status };
}

/** Plain verification follows a single redirection only, or the copy that goes on (`unseen`). */
function goesOn(children: number, places: readonly Delivered[]): boolean {
  return children === 1 && places.every(({ delivery }) => delivery.kind === 'mailbox');
}

function problemText({ kind }: RoutingProblem, purpose: ReportPurpose, { address }: Address): Octets {
  if (kind === 'deferred') return `${address} cannot be resolved at this time`;
  return `${address} ${purpose === 'test' ? 'is undeliverable' : 'failed to verify'}`;
}

/** What was asked for. */
function topOf(address: Address): Address {
  let top = address;
  while (top.parent !== undefined) top = top.parent;
  return top;
}

function parentLines(parent: Address | undefined): Octets[] {
  const lines: Octets[] = [];
  for (let ancestor = parent; ancestor; ancestor = ancestor.parent) lines.push(`    <-- ${ancestor.address}`);
  return lines;
}

/** A file or pipe: told where it comes up, and never a duplicate. */
function placeLines({ delivery: { address, parent, state }, problem }: Delivered): Octets[] {
  const place = `${parent?.address ?? ''} -> ${address}`;
  if (problem?.isForbidden === true) return [`${place} *** forbidden ***`];
  if (problem !== undefined) return [place, '*** Error in setting up pipe, file, or autoreply:', problem.message];
  return [place, `  transport = ${state.transport?.name ?? 'unset'}`];
}

function deliveryLines({ delivery }: Delivered, written: Octets, seen: Set<Octets>): Octets[] {
  const { state, parent } = delivery;
  const unique = parent === undefined ? written : delivery.unique;
  const duplicate = seen.has(unique) ? '   [duplicate, would not be delivered]' : '';
  seen.add(unique);
  return [
    `${delivery.address}${duplicate}`,
    ...parentLines(parent),
    `  router = ${state.router?.name ?? ''}, transport = ${state.transport?.name ?? 'unset'}`,
    ...hostLines(delivery),
  ];
}

/** What an address that was not looked up is taken to need. */
const UNKNOWN_ADDRESS_WIDTH = 7;

/** Names and addresses are padded so that they stand below each other. */
function hostLines({ state }: Address): Octets[] {
  const hosts = state.hosts ?? [];
  const nameWidth = Math.max(0, ...hosts.map((host) => host.name.length));
  const addressWidth = Math.max(0, ...hosts.map((host) => host.address?.length ?? UNKNOWN_ADDRESS_WIDTH));
  return hosts.map((host) => {
    const address = host.address === undefined ? ''.padEnd(addressWidth + 2) : `[${host.address}]`;
    const rest = `${host.mx === undefined ? '' : ` MX=${host.mx}`}${host.port === undefined ? '' : ` port=${host.port}`}${host.isDnsSecure ? ' AD' : ''}`;
    return `  host ${host.name.padEnd(nameWidth)} ${address.padEnd(addressWidth + 2)}${rest}`;
  });
}
