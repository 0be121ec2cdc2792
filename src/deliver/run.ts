/**
 * Delivery of one message: all addresses are routed, local deliveries run one after another, then remote ones side by side; then what is left
 * is decided. Spec ch. 3 "Delivery in detail"; DESIGN 3.8, 3.10.
 */
import type { Octets } from '../base/octets.ts';
import type { AcceptedMessage, Address, Deadline, HeldLink, Message } from '../core/index.ts';
import { tainted, unbuiltReason } from '../core/index.ts';
import type { Claim } from '../spool/claims.ts';
import { Attempt, type DeliverParts, type DeliveryReason } from './attempt.ts';
import { localBatches, remoteBatches } from './batches.ts';
import { deliverLocal, deliverRemote } from './deliver-batch.ts';
import { type AttemptEnd, finishAttempt } from './finish.ts';
import { thaw } from './frozen.ts';
import { routeAll } from './route-all.ts';

/** `skipped`: it is frozen, held by another, or gone. `failed`: the spool or our own code failed; the message stays. */
export type DeliveryEnd = AttemptEnd | 'skipped' | 'failed';

/** Takes a message that was just accepted, or loads one; the claim is released when it resolves (by the removal, when it was completed). */
export async function deliverMessage(
  parts: DeliverParts,
  job: {
    readonly claim: Claim;
    readonly message: Message;
    readonly reason: DeliveryReason;
    readonly until: Deadline;
    readonly held?: HeldLink | undefined;
  },
): Promise<DeliveryEnd> {
  const { claim, reason, until } = job;
  let end: DeliveryEnd = 'failed';
  try {
    const message = await thaw(parts, claim, job.message, reason);
    if (message === 'frozen') end = 'skipped';
    else if (message === 'removed') end = 'completed';
    else end = await attemptDelivery(new Attempt(parts, claim, message, reason, until, job.held));
  } catch (error) {
    parts.services.log.panic(
      `delivery of ${claim.id} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`.replaceAll('\n', ' '),
      claim.id,
    );
  } finally {
    await job.held?.close();
    if (end !== 'completed') claim.release();
    parts.services.log.flush();
  }
  return end;
}

/** The same at work on another queue: what is made on the way, as bounces, goes there too. */
export function inQueue(parts: DeliverParts, queueName: Octets): DeliverParts {
  const spool = parts.spool.inQueue(queueName);
  return spool === parts.spool ? parts : { ...parts, spool };
}

/** By id, in the queue of `parts`: claims and loads it first. */
export async function deliverById(parts: DeliverParts, id: string, reason: DeliveryReason, until: Deadline): Promise<DeliveryEnd> {
  const { log } = parts.services;
  const claiming = parts.spool.claim(id);
  if (claiming.kind !== 'ok') {
    if (claiming.kind === 'busy') logLocked(parts, id);
    if (claiming.kind === 'gone' && !reason.isQueueRun) log.main(`Spool file ${id}-D not found`, id);
    return 'skipped';
  }
  const loading = parts.spool.load(claiming.claim);
  if (loading.kind === 'ok') return deliverMessage(parts, { claim: claiming.claim, message: loading.message, reason, until });
  claiming.claim.release();
  if (loading.kind === 'malformed') log.main(`Format error in spool file ${id}-H: ${loading.reason}`, id);
  if (loading.kind === 'error') log.main(`Failed to read spool file ${id}-H: ${loading.reason}`, id);
  return 'skipped';
}

/** Somebody else handles the message; nothing when it has gone in the meantime. */
export function logLocked({ spool, services: { log } }: DeliverParts, id: string): void {
  if (!log.selected('skip_delivery') || !spool.exists(id)) return;
  log.main(`Spool file for ${id} is locked (another process is handling this message)`, id);
}

/** A message accepted by this process, as `MessageSink.commit` gives it. */
export function deliverAccepted(
  parts: DeliverParts,
  accepted: AcceptedMessage,
  reason: DeliveryReason,
  until: Deadline,
): Promise<DeliveryEnd> {
  const claim = accepted.claim as Claim; // Spool, the only MessageStore, gives Claims
  return deliverMessage(inQueue(parts, accepted.message.queueName), {
    claim,
    message: accepted.message,
    reason,
    until,
    held: accepted.held,
  });
}

async function attemptDelivery(attempt: Attempt): Promise<AttemptEnd> {
  const unbuilt = unbuiltReason(attempt.frame.config, 'deliver');
  if (unbuilt !== undefined) {
    attempt.parts.services.log.panic(unbuilt, attempt.message.id);
    return 'deferred';
  }
  const { local, remote } = await routeAll(attempt);
  if (attempt.reason.isRoutingOnly === true) {
    for (const address of [...local, ...remote]) postpone(attempt, address);
  } else {
    for (const batch of localBatches(local)) await deliverLocal(attempt, batch);
    await deliverAllRemote(attempt, remote);
  }
  attempt.assertSettled();
  return finishAttempt(attempt);
}

/** Left for another attempt without a word. */
function postpone(attempt: Attempt, address: Address): void {
  attempt.expect(-1);
  attempt.tree.defer(address);
}

async function deliverAllRemote(attempt: Attempt, remote: readonly Address[]): Promise<void> {
  const due: Address[] = [];
  for (const address of remote) {
    if (attempt.reason.isLocalOnly === true) postpone(attempt, address);
    else if (attempt.reason.queuesSmtp === true)
      attempt.defer({ address, kind: 'deferred', message: 'SMTP delivery explicitly queued' }, attempt.facts(), true, false);
    else due.push(address);
  }
  await inParallel(await remoteBatches(due, attempt.frame), attempt.frame.config.main.remote_max_parallel, async (batch) => {
    if (await isQueued(attempt, batch)) leaveForQueueRun(attempt, batch);
    else await deliverRemote(attempt, batch);
  });
}

/** `queue_smtp_domains`: the first attempt only routes. What goes out together is asked of its first address, whose `$domain` the list may name. */
async function isQueued(attempt: Attempt, [address]: readonly Address[]): Promise<boolean> {
  const list = attempt.frame.config.main.queue_smtp_domains;
  if (list === undefined || address === undefined || attempt.reason.isForced || attempt.reason.isQueueRun) return false;
  const matched = await attempt.parts.services.lists.matchDomain(list, tainted(address.domain), { ...attempt.frame, address });
  return matched.kind !== 'ok' || matched.value.matched;
}

function leaveForQueueRun(attempt: Attempt, batch: readonly Address[]): void {
  const message = 'first-pass only routing due to -odqs, queue_smtp_domains or control=queue';
  for (const address of batch) attempt.defer({ address, kind: 'deferred', errorNumber: -1, message }, attempt.facts(), true, false);
}

/** Runs `action` over the items, at most `limit` at a time. */
export async function inParallel<T>(items: readonly T[], limit: number, action: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, worker));
}
