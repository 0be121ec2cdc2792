/** `-bp` and its variants. Spec ch. 5 "-bp"; reads -H files only. */
import { compareOctets, lowerCase, type Octets } from '../base/octets.ts';
import type { HeaderFile } from '../spool/header-file.ts';
import type { QueuedMessage, Spool } from '../spool/spool.ts';

export interface QueueListOptions {
  /** -bpu: undelivered top-level addresses only. */
  readonly undeliveredOnly?: boolean;
  /** -bpa: delivered children too. */
  readonly showsGenerated?: boolean;
  /** -bpr. */
  readonly isUnsorted?: boolean;
  /** Only these. */
  readonly ids?: readonly string[];
}

export function* listQueue(spool: Spool, nowMs: number, options: QueueListOptions = {}): Generator<Octets> {
  for (const queued of chosen(spool, options))
    yield typeof queued === 'string'
      ? `      ${queued}\n    *** spool read error: No such file or directory ***\n\n`
      : formatQueued(queued, nowMs, options);
}

/** `-bpc`. */
export function countQueue(spool: Spool): number {
  return spool.scan().length;
}

/** An id stands for a message that is not there. */
function* chosen(spool: Spool, options: QueueListOptions): Generator<QueuedMessage | string> {
  if (options.ids === undefined || options.ids.length === 0) {
    yield* spool.overview(!(options.isUnsorted ?? false));
    return;
  }
  for (const id of options.ids) {
    const peeked = spool.peek(id);
    yield peeked.kind === 'ok' ? peeked : id;
  }
}

/** A message with its recipients and the empty line behind it. */
export function formatQueued(queued: QueuedMessage, nowMs: number, options: QueueListOptions): Octets {
  const { message, bodySizeBytes } = queued;
  const login = message.isSenderSetUntrusted ? ` (${message.origin.callerLogin})` : '';
  const frozen = message.frozenAt === undefined ? '' : ' *** frozen ***';
  let text = `${formatAge(nowMs - message.receivedAtMs)} ${formatSize(message.size + bodySizeBytes)} ${message.id} <${message.sender}>${login}${frozen}\n`;
  for (const recipient of message.recipients) {
    const isDone = isDelivered(message, recipient.address);
    if (isDone && options.undeliveredOnly) continue;
    text += `        ${isDone ? 'D' : ' '} ${recipient.address}\n`;
  }
  if (options.showsGenerated) for (const address of generated(message)) text += `       +D ${address}\n`;
  return `${text}\n`;
}

function isDelivered(message: HeaderFile, address: Octets): boolean {
  return message.nonRecipients.has(address) || message.nonRecipients.has(lowerDomain(address));
}

function lowerDomain(address: Octets): Octets {
  const at = address.lastIndexOf('@');
  return address.slice(0, at + 1) + lowerCase(address.slice(at + 1));
}

function* generated(message: HeaderFile): Generator<Octets> {
  const top = new Set(message.recipients.flatMap((recipient) => [recipient.address, lowerDomain(recipient.address)]));
  for (const address of [...message.nonRecipients].sort(compareOctets)) if (!top.has(address)) yield address;
}

/** `25m`, ` 3h`, `12d`. */
export function formatAge(milliseconds: number): Octets {
  const minutes = Math.floor(Math.max(0, milliseconds) / 60_000);
  if (minutes <= 90) return `${String(minutes).padStart(2)}m`;
  const hours = Math.floor((minutes + 30) / 60);
  if (hours <= 72) return `${String(hours).padStart(2)}h`;
  return `${String(Math.floor((hours + 12) / 24)).padStart(2)}d`;
}

/** Five wide: `  251`, ` 1.3K`, `  10K`, ` 1.0M`. */
export function formatSize(bytes: number): Octets {
  return shortSize(bytes).padStart(5);
}

function shortSize(bytes: number): string {
  const kilo = 1024;
  const mega = kilo * kilo;
  if (bytes < kilo) return String(bytes);
  if (bytes < 10 * kilo) return `${(bytes / kilo).toFixed(1)}K`;
  if (bytes < mega) return `${Math.floor((bytes + kilo / 2) / kilo)}K`;
  if (bytes < 10 * mega) return `${(bytes / mega).toFixed(1)}M`;
  return `${Math.floor((bytes + mega / 2) / mega)}M`;
}
