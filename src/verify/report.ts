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

/** A mailbox, file or pipe, and why it cannot be used. */
interface Delivered {
  readonly delivery: Address;
  readonly problem: RoutingProblem | undefined;
}

const MAX_ADDRESSES = 100_000;

/**
 * Routes an address and all it is redirected to. `seen` holds what was delivered to before, `written` as which the address was given: further ones are duplicates.
 * Verification without `isDetailed` says only whether the address is good.
 */
export async function reportAddress(
  address: Octets,
  written: Octets,
  purpose: ReportPurpose,
  isDetailed: boolean,
  seen: Set<Octets>,
  frame: Frame,
): Promise<AddressReport> {
  const verify = purpose === 'test' ? 'test' : purpose === 'verify-sender' ? 'sender' : 'recipient';
  const isBrief = purpose !== 'test' && !isDetailed;
  const lines: Octets[] = [];
  const local: Delivered[] = [];
  const remote: Delivered[] = [];
  let status: ReportStatus = 0;
  const worse = (other: ReportStatus) => {
    if (other > status) status = other;
  };
  const pending: (Address | Delivered)[] = [makeAddress({ address, recipientIndex: 0 })];
  for (let count = 0; count < MAX_ADDRESSES; count++) {
    const current = pending.shift();
    if (current === undefined) break;
    if ('delivery' in current) {
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
      if (isBrief) lines.push(problemText(problem, purpose, topOf(problem.address)));
      else lines.push(problemText(problem, purpose, problem.address), ...parentLines(problem.address.parent));
      worse(problem.kind === 'failed' ? 2 : 1);
    }
    if (routed.children.length === 0)
      for (const discarded of routed.discarded) lines.push(`mail to ${discarded.address} is discarded`, ...parentLines(discarded.parent));
    if (isBrief && !goesOn(routed.children.length, places)) break;
    // an address that is delivered here comes before its copy that goes on (`unseen`)
    const own = places.filter(({ delivery }) => delivery.kind === 'mailbox');
    pending.unshift(...own, ...routed.children, ...places.filter((place) => !own.includes(place)));
  }
  if (isBrief) return { text: verdict(address, purpose, status, lines), status };
  for (const delivered of [...local, ...remote]) lines.push(...deliveryLines(delivered, written, seen));
  return { text: lines.map((line) => `${line}\n`).join(''), status };
}

/** Plain verification follows a single redirection only, or the copy that goes on (`unseen`). */
function goesOn(children: number, places: readonly Delivered[]): boolean {
  return children === 1 && places.every(({ delivery }) => delivery.kind === 'mailbox');
}

/** A discarded address counts as verified. */
function verdict(address: Octets, _purpose: ReportPurpose, status: ReportStatus, lines: readonly Octets[]): Octets {
  return status === 0 ? `${address} verified\n` : `${lines.filter((line) => !line.startsWith('mail to ')).join('\n')}\n`;
}

function problemText({ kind, message }: RoutingProblem, purpose: ReportPurpose, { address }: Address): Octets {
  if (kind === 'deferred') return `${address} cannot be resolved at this time: ${message}`;
  return `${address} ${purpose === 'test' ? 'is undeliverable' : 'failed to verify'}: ${message}`;
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

function deliveryLines({ delivery, problem }: Delivered, written: Octets, seen: Set<Octets>): Octets[] {
  const { state, parent } = delivery;
  const transport = `transport = ${state.transport?.name ?? 'unset'}`;
  if (delivery.kind !== 'mailbox' && parent !== undefined) {
    const place = `${parent.address} -> ${delivery.address}`;
    if (problem?.isForbidden === true) return [`${place} *** forbidden ***`];
    if (problem !== undefined) return [place, '*** Error in setting up pipe, file, or autoreply:', problem.message];
    return [place, `  ${transport}`];
  }
  const unique = parent === undefined ? written : delivery.unique;
  const duplicate = seen.has(unique) ? '   [duplicate, would not be delivered]' : '';
  seen.add(unique);
  return [
    `${delivery.address}${duplicate}`,
    ...parentLines(parent),
    `  router = ${state.router?.name ?? ''}, ${transport}`,
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
