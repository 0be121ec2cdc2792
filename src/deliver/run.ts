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
import { deliverLocal, deliverRemote, noteWaiting } from './deliver-batch.ts';
import { type AttemptEnd, finishAttempt } from './finish.ts';
import { thaw } from './frozen.ts';
import { routeAll } from './route-all.ts';
import type { CarriedMessage } from './waiting.ts';

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
  let carried: readonly CarriedMessage[] = [];
  try {
    const message = await thaw(parts, claim, job.message, reason);
    if (message === 'frozen') end = 'skipped';
    else if (message === 'removed') end = 'completed';
    else {
      const attempt = new Attempt(parts, claim, message, reason, until, job.held);
      carried = attempt.carried;
      end = await attemptDelivery(attempt);
    }
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
  await Promise.all(carried.map((next) => deliverCarried(parts, next, reason, until)));
  return end;
}

/** When the fate of the message before is durable: the next one on its connection. */
function deliverCarried(
  parts: DeliverParts,
  { claim, message, link }: CarriedMessage,
  { isQueueRun }: DeliveryReason,
  until: Deadline,
): Promise<DeliveryEnd> {
  const reason: DeliveryReason = { isQueueRun, isForced: false, thaws: false, isContinuation: true };
  return deliverMessage(parts, { claim, message, reason, until, held: link });
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
    const isGone = claiming.kind === 'gone' || !parts.spool.exists(id); // or is just being removed
    if (claiming.kind === 'busy') logLocked(parts, id);
    if (isGone && !reason.isQueueRun) log.main(`Spool file ${id}-D not found`, id);
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
  if (attempt.reason.isRoutingOnly === true || attempt.reason.isContinuation === true)
    for (const address of local) attempt.postpone(address);
  else for (const batch of await localBatches(local, attempt.frame)) await deliverLocal(attempt, batch);
  await deliverAllRemote(attempt, remote);
  attempt.assertSettled();
  return finishAttempt(attempt);
}

/** On a connection that is there, one batch after another; as many transactions go out on it as there have to be. */
async function deliverAllRemote(attempt: Attempt, remote: readonly Address[]): Promise<void> {
  const { reason, frame } = attempt;
  if (reason.isLocalOnly === true) {
    for (const address of remote) attempt.postpone(address);
    return;
  }
  const maxParallel = reason.isContinuation === true ? 1 : frame.config.main.remote_max_parallel;
  await inParallel(await remoteBatches(remote, frame, maxParallel), maxParallel, async (batch) => {
    if (reason.isRoutingOnly === true) await leave(attempt, batch);
    else if (reason.queuesSmtp === true) await leave(attempt, batch, { message: 'SMTP delivery explicitly queued' });
    else if (await isQueued(attempt, batch)) await leave(attempt, batch, { errorNumber: -1, message: FIRST_PASS_ONLY });
    else await deliverRemote(attempt, batch);
  });
}

const FIRST_PASS_ONLY = 'first-pass only routing due to -odqs, queue_smtp_domains or control=queue';

/** Routed, and to be delivered by another attempt, with whatever else waits for these hosts; without `why` nothing is said. */
async function leave(
  attempt: Attempt,
  batch: readonly Address[],
  why?: { readonly errorNumber?: number; readonly message: Octets },
): Promise<void> {
  await noteWaiting(attempt, batch);
  for (const address of batch)
    if (why === undefined) attempt.postpone(address);
    else attempt.defer({ address, kind: 'deferred', ...why }, attempt.facts(), true, false);
}

/** `queue_smtp_domains`: the first attempt only routes. What goes out together is asked of its first address, whose `$domain` the list may name. */
async function isQueued(attempt: Attempt, [address]: readonly Address[]): Promise<boolean> {
  const list = attempt.frame.config.main.queue_smtp_domains;
  if (list === undefined || address === undefined || attempt.reason.isForced || attempt.reason.isQueueRun) return false;
  const matched = await attempt.parts.services.lists.matchDomain(list, tainted(address.domain), { ...attempt.frame, address });
  return matched.kind !== 'ok' || matched.value.matched;
}

/** Runs `action` over the items, at most `limit` at a time. */
export async function inParallel<T>(items: readonly T[], limit: number, action: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, worker));
}
