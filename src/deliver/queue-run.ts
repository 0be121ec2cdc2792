/** A pass over the queue: -q and its letters, -R, -S; and what a daemon takes up at its start. Spec ch. 5 "-q", ch. 3 "Retry mechanism"; DESIGN 3.10. */
import { lowerCase, type Octets } from '../base/octets.ts';
import { removeAbandonedCopies } from '../checks/scan/scan-copy.ts';
import type { Deadline, Random } from '../core/index.ts';
import { queueRunLine } from '../logging/lines/queue.ts';
import type { QueuedMessage } from '../spool/spool.ts';
import type { DeliverParts, DeliveryReason } from './attempt.ts';
import { inParallel } from './run.ts';

export interface QueueRunOptions {
  /** `f`: retry times do not count; `ff`: frozen messages too. */
  readonly force?: 'none' | 'f' | 'ff';
  /** `i`: only messages that were not tried before. */
  readonly isFirstOnly?: boolean;
  /** `l`: local deliveries only. */
  readonly isLocalOnly?: boolean;
  /** `qq`: a first pass that only routes. */
  readonly isTwoStage?: boolean;
  /** -R, -S: text in an undelivered recipient, in the sender; `r`: a regular expression. */
  readonly recipient?: Selection;
  readonly sender?: Selection;
  /** `-q <from> <to>`. */
  readonly fromId?: string;
  readonly toId?: string;
  /** For a customer who has turned the line (ATRN): the log says so. */
  readonly isOdmr?: boolean;
  /** Messages at a time: 1 as `-q` on the command line. */
  readonly concurrency?: number;
}

export interface Selection {
  readonly text: Octets;
  readonly isRegex: boolean;
}

/** Delivers one message of the queue. */
export type DeliverId = (id: string, reason: DeliveryReason) => Promise<unknown>;

export async function runQueue(parts: DeliverParts, options: QueueRunOptions, deliver: DeliverId, until: Deadline): Promise<void> {
  const { log, machine, files, clock } = parts.services;
  const flags = flagsOf(options);
  if (log.selected('queue_run')) log.main(queueRunLine(options.isOdmr ? 'Start ODMR' : 'Start', machine.pid, flags, parts.spool.queueName));
  parts.spool.removeOrphans();
  removeAbandonedCopies(parts.config.startup.spoolDirectory, files, clock);
  const ids = inOrder(chooseIds(parts, options), parts);
  if (options.isTwoStage) await pass(parts, ids, { ...reasonOf(options), isRoutingOnly: true }, options, deliver, until);
  await pass(parts, ids, reasonOf(options), options, deliver, until);
  if (log.selected('queue_run')) log.main(queueRunLine('End', machine.pid, flags, parts.spool.queueName));
  log.flush();
}

/** With -R or -S the first message that was selected is tried whatever its retry times are. */
async function pass(
  parts: DeliverParts,
  ids: readonly string[],
  reason: DeliveryReason,
  options: QueueRunOptions,
  deliver: DeliverId,
  until: Deadline,
): Promise<void> {
  const forced = options.recipient !== undefined || options.sender !== undefined ? ids[0] : undefined;
  let isAbandoned = false;
  await inParallel(ids, options.concurrency ?? 1, async (id) => {
    if (until.signal.aborted || isAbandoned) return;
    isAbandoned = !reason.isForced && isLoadTooHigh(parts, options);
    if (!isAbandoned) await deliver(id, id === forced ? { ...reason, isForced: true } : reason);
  });
}

/** `deliver_queue_load_max`; a forced run goes on. */
function isLoadTooHigh({ config, services }: DeliverParts, options: QueueRunOptions): boolean {
  const { deliver_queue_load_max: limit } = config.main;
  const { log, machine } = services;
  if (limit < 0) return false;
  const load = machine.loadAverage();
  if (load <= limit) return false;
  const flags = flagsOf(options);
  log.main(`Abandon queue run: pid=${machine.pid}${flags === '' ? '' : ` ${flags}`} (load ${load.toFixed(2)}, max ${limit.toFixed(2)})`);
  return true;
}

function reasonOf(options: QueueRunOptions): DeliveryReason {
  const force = options.force ?? 'none';
  return { isQueueRun: true, isForced: force !== 'none', thaws: force === 'ff', ...(options.isLocalOnly ? { isLocalOnly: true } : {}) };
}

/** As in the log: `-qqff`, `-R text`. */
export function flagsOf(options: QueueRunOptions): Octets {
  const force = options.force ?? 'none';
  const letters = `${options.isTwoStage ? 'q' : ''}${options.isFirstOnly ? 'i' : ''}${force === 'none' ? '' : force}${options.isLocalOnly ? 'l' : ''}`;
  const parts = letters === '' ? [] : [`-q${letters}`];
  if (options.recipient !== undefined) parts.push(`-R${options.recipient.isRegex ? 'r' : ''} ${options.recipient.text}`);
  if (options.sender !== undefined) parts.push(`-S${options.sender.isRegex ? 'r' : ''} ${options.sender.text}`);
  return parts.join(' ');
}

/** Only what needs -H reads it. */
function chooseIds(parts: DeliverParts, options: QueueRunOptions): string[] {
  const { fromId, toId, recipient, sender, isFirstOnly } = options;
  const isWithin = (id: string) => (fromId === undefined || id >= fromId) && (toId === undefined || id <= toId);
  if (recipient === undefined && sender === undefined && isFirstOnly !== true) return parts.spool.scan().filter(isWithin);
  const ids: string[] = [];
  for (const queued of parts.spool.overview())
    if (isWithin(queued.message.id) && isSelected(queued, options, parts)) ids.push(queued.message.id);
  return ids;
}

function isSelected({ message }: QueuedMessage, options: QueueRunOptions, parts: DeliverParts): boolean {
  if (options.isFirstOnly === true && !message.isFirstDelivery) return false;
  if (options.sender !== undefined && !textMatches(options.sender, message.sender, parts)) return false;
  const { recipient } = options;
  if (recipient === undefined) return true;
  return message.recipients.some(({ address }) => !message.nonRecipients.has(address) && textMatches(recipient, address, parts));
}

function textMatches(selection: Selection, subject: Octets, parts: DeliverParts): boolean {
  if (!selection.isRegex) return lowerCase(subject).includes(lowerCase(selection.text));
  const compiled = parts.services.regexes.compile(selection.text, { caseless: true });
  return compiled.kind === 'ok' && compiled.regex.match(subject).kind === 'match';
}

/** By age with `queue_run_in_order`, else mixed, so that one bad message does not always hold up the same others. */
function inOrder(ids: readonly string[], parts: DeliverParts): readonly string[] {
  return parts.config.main.queue_run_in_order ? ids : shuffled(ids, parts.services.random);
}

function shuffled(ids: readonly string[], random: Random): string[] {
  const mixed = [...ids];
  for (let i = mixed.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    const moved = mixed[i] ?? '';
    mixed[i] = mixed[other] ?? '';
    mixed[other] = moved;
  }
  return mixed;
}

/**
 * Messages that a crash left in any queue: never tried, or with a journal; not frozen. Oldest first, for delivery at once. Messages whose attempt ended with a
 * deferral wait for their queue run.
 */
export function* leftBehind({ spool }: Pick<DeliverParts, 'spool'>): Generator<{ readonly id: string; readonly queueName: Octets }> {
  for (const queue of spool.queues()) {
    for (const { message, hasJournal } of queue.overview()) {
      const { id, queueName } = message;
      if (message.frozenAt === undefined && (message.isFirstDelivery || hasJournal) && !queue.isHeldHere(id)) yield { id, queueName };
    }
  }
}
