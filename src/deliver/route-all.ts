/**
 * Routes every recipient that is not settled, pass by pass as Exim: a pass takes the addresses that the last one generated, the last written first.
 * Spec ch. 3 "Routing addresses".
 */
import type { Octets } from '../base/octets.ts';
import type { Address, DeliveryResult, ListSource } from '../core/index.ts';
import { tainted } from '../core/index.ts';
import { discardedLine, loggedAddress, routingDeferredLine } from '../logging/lines/delivery.ts';
import { makeAddress } from '../routers/address.ts';
import { type RoutingProblem, routeAddress } from '../routers/chain.ts';
import type { Attempt } from './attempt.ts';

/** Addresses that were accepted by a router, in the order in which they are delivered. */
export interface RoutedAddresses {
  readonly local: readonly Address[];
  readonly remote: readonly Address[];
}

/** Numbers that `defer (n)` shows. */
const BAD_REDIRECTION = -17;
const HELD = -23;
const LIST_DEFER = -35;
const ROUTING_RETRY = -52;
const QUEUED_DOMAIN = -56;

/** Beyond these an address waits for its aliases to be mended. */
const MAX_DEPTH = 100;
const MAX_GENERATED = 200_000;

export async function routeAll(attempt: Attempt): Promise<RoutedAddresses> {
  const local: Address[] = [];
  const remote: Address[] = [];
  let pass = recipientsOf(attempt).reverse();
  let generated = 0;
  for (let depth = 0; pass.length > 0; depth++) {
    const files: Address[] = [];
    const children: Address[] = [];
    for (const address of await dueOnes(attempt, pass, depth >= MAX_DEPTH || generated > MAX_GENERATED)) {
      if (address.kind !== 'mailbox') take(address, local, remote);
      else if (!(await isQueuedDomain(attempt, address))) {
        const later = await routeOne(attempt, address, local, remote);
        files.unshift(...later.files);
        children.push(...later.children);
      }
    }
    pass = [...files, ...children];
    generated += pass.length;
  }
  const chosen = { local: attempt.tree.withoutDuplicates(local.reverse()), remote: attempt.tree.withoutDuplicates(remote.reverse()) };
  attempt.expect(chosen.local.length + chosen.remote.length);
  return chosen;
}

/** Without what is settled, held or not yet due; these are looked at in the opposite order, as Exim does. */
async function dueOnes(attempt: Attempt, pass: readonly Address[], isTooMuch: boolean): Promise<Address[]> {
  const due: Address[] = [];
  for (const address of [...pass].reverse()) {
    if (address.kind !== 'mailbox') due.push(address);
    else if (!attempt.tree.add(address)) attempt.parts.services.log.debug('deliver', () => `${address.unique} is settled already`);
    else if (isTooMuch)
      attempt.defer(
        { address, kind: 'deferred', errorNumber: -1, message: 'too many levels of redirection' },
        attempt.facts(),
        false,
        false,
      );
    else if (!(await waits(attempt, address))) due.push(address);
  }
  return due.reverse();
}

function recipientsOf(attempt: Attempt): Address[] {
  const { recipients } = attempt.message;
  return recipients.map((recipient, recipientIndex) => {
    const original = recipient.parentIndex === undefined ? undefined : recipients[recipient.parentIndex];
    const address = makeAddress({
      address: recipient.address,
      recipientIndex,
      ...(recipient.errorsTo === undefined
        ? {}
        : { inherited: { headersAdd: [], headersRemove: [], routerVariables: new Map(), errorsTo: recipient.errorsTo } }),
    });
    return original === undefined ? address : { ...address, oneTimeParent: original.address };
  });
}

/** What is found later is delivered first: the lists are turned round at the end. */
function take(delivery: Address, local: Address[], remote: Address[]): void {
  if (delivery.state.transport?.isRemote === true) remote.push(delivery);
  else local.push(delivery);
}

/** What is for the next pass: files, pipes and replies, which need no router any more, and children, the last one first, as Exim takes them. */
interface NextPass {
  readonly files: readonly Address[];
  readonly children: readonly Address[];
}

async function routeOne(attempt: Attempt, address: Address, local: Address[], remote: Address[]): Promise<NextPass> {
  const { lossCount } = attempt.helpers;
  const routed = await routeAddress(address, { frame: attempt.frame, verify: 'no' });
  const isInterrupted = attempt.helpers.lossCount > lossCount;
  for (const { from, to } of routed.domainRewrites) attempt.renameDomain(from, to);
  for (const problem of routed.problems) await settleProblem(attempt, problem, isInterrupted);
  for (const discarded of routed.discarded) {
    if (discarded !== address) attempt.tree.add(discarded);
    const line = discardedLine(discarded, ':blackhole:');
    if (discarded.state.router?.generic['disable_logging'] !== true) attempt.log(line);
    attempt.messageLog.add(`${loggedAddress(discarded, attempt.parts.services.log, false)}: discarded`);
  }
  const files: Address[] = [];
  for (const delivery of routed.deliveries) {
    if ((delivery !== address && !attempt.tree.add(delivery)) || attempt.tree.isDeliveredCopy(delivery)) continue;
    if (delivery.kind === 'mailbox') take(delivery, local, remote);
    else files.push(delivery);
  }
  return { files, children: [...routed.children].reverse() };
}

/** Held domains and retry times. */
async function waits(attempt: Attempt, address: Address): Promise<boolean> {
  const { main } = attempt.frame.config;
  const { reason } = attempt;
  if (reason.givesUp === true) {
    attempt.giveUp(address);
    return true;
  }
  if (isLooping(attempt)) {
    attempt.fail({ address, kind: 'failed', message: 'Too many "Received" headers - suspected mail loop' }, attempt.facts(), false, false);
    return true;
  }
  const held = { list: main.hold_domains, name: 'hold_domains', errorNumber: HELD, message: 'domain is held', isRouting: false };
  if (!reason.isForced && (await isListed(attempt, held, address))) return true;
  if (!(await attempt.retry.routingWaits(address))) return false;
  const { log } = attempt.parts.services;
  attempt.tree.defer(address);
  const text = 'retry time not reached';
  const line = routingDeferredLine(address, ROUTING_RETRY, text, log);
  if (log.selected('retry_defer')) attempt.log(line, attempt.message.isFirstDelivery ? line.slice(3) : undefined);
  return true;
}

/** Spec ch. 14 "received_headers_max". */
function isLooping({ message, frame }: Attempt): boolean {
  const limit = frame.config.main.received_headers_max;
  return message.headers.filter((header) => header.type === 'P').length > limit;
}

/** Looked at when its turn to be routed comes. */
async function isQueuedDomain(attempt: Attempt, address: Address): Promise<boolean> {
  const { isForced, isQueueRun } = attempt.reason;
  if (isForced || isQueueRun) return false;
  const { queue_domains: list } = attempt.frame.config.main;
  const message = 'domain is in queue_domains';
  return isListed(attempt, { list, name: 'queue_domains', errorNumber: QUEUED_DOMAIN, message, isRouting: true }, address);
}

/** A list of domains whose addresses wait, and what is said of them. */
interface WaitingDomains {
  readonly list: ListSource | undefined;
  readonly name: Octets;
  readonly errorNumber: number;
  readonly message: Octets;
  /** The line reads `routing defer`. */
  readonly isRouting: boolean;
}

async function isListed(attempt: Attempt, domains: WaitingDomains, address: Address): Promise<boolean> {
  const { list, name, errorNumber, message, isRouting } = domains;
  if (list === undefined) return false;
  const matched = await attempt.parts.services.lists.matchDomain(list, tainted(address.domain), { ...attempt.frame, address });
  if (matched.kind === 'ok' && !matched.value.matched) return false;
  const result: DeliveryResult =
    matched.kind === 'ok'
      ? { address, kind: 'deferred', errorNumber, message }
      : { address, kind: 'deferred', errorNumber: LIST_DEFER, message: `${name} lookup deferred` };
  attempt.defer(result, { ...attempt.facts(), isRouting }, false, false);
  return true;
}

/** `isInterrupted`: a process that a router asked was lost; whatever it took that for. */
async function settleProblem(attempt: Attempt, problem: RoutingProblem, isInterrupted: boolean): Promise<void> {
  const result = problemResult(problem);
  attempt.tree.add(problem.address);
  if (isInterrupted) return attempt.interrupt(result, false);
  if (problem.kind === 'failed') {
    attempt.fail(result, attempt.facts(), false, false);
    return;
  }
  const isConfigurationError = problem.errorNumber < -1 && problem.errorNumber !== BAD_REDIRECTION; // no time mends it
  const retry =
    problem.isFreeze || isConfigurationError
      ? 'later'
      : await attempt.retry.routingDeferred(problem.address, problem.errorNumber, problem.message);
  attempt.defer(result, attempt.facts(), false, retry === 'expired');
}

function problemResult(problem: RoutingProblem): DeliveryResult {
  return {
    address: problem.address,
    kind: problem.kind,
    message: problem.message,
    errorNumber: problem.errorNumber,
    isFreeze: problem.isFreeze,
  };
}
