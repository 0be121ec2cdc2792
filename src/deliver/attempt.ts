/**
 * The state of one delivery attempt, and how a fate becomes durable: journal, then log, then hints. DESIGN 3.8 "Delivering".
 */
import { invariant } from '../base/invariant.ts';
import { type Octets, printable } from '../base/octets.ts';
import type { AcceptedMessage, Address, Config, Deadline, DeliveryResult, Frame, HeldLink, Message, Services } from '../core/index.ts';
import {
  type DeliveryFacts,
  type DeliveryFlag,
  deferredLine,
  deferredMessageLogLine,
  deliveredLine,
  failedLine,
  failedMessageLogLine,
  hostText,
  loggedAddress,
} from '../logging/lines/delivery.ts';
import { interruptedLine, retryTimeoutLine } from '../logging/lines/queue.ts';
import { renameDomain } from '../rewrite/domain.ts';
import type { Claim } from '../spool/claims.ts';
import type { Spool } from '../spool/spool.ts';
import { AddressTree, settledName } from './address-tree.ts';
import { HelperWatch } from './helper-watch.ts';
import { MessageLog } from './message-log.ts';
import { RetryTimes } from './retry-times.ts';
import type { CarriedMessage } from './waiting.ts';

/** What a process delivers with. */
export interface DeliverParts {
  readonly config: Config;
  readonly services: Services;
  readonly spool: Spool;
  /** Takes an accepted bounce or warning, with its claim, for delivery. */
  readonly handOver: (accepted: AcceptedMessage) => void | Promise<void>;
  /** Reports are handed over, and not left on the queue; default: unless `queue_only` is set. */
  readonly deliversReports?: boolean;
}

/** Nobody delivers it now. */
export function leaveOnQueue({ claim, held }: AcceptedMessage): void {
  void held?.close();
  claim.release();
}

/** Why a message is delivered now. */
export interface DeliveryReason {
  /** In queue runs addresses wait for their retry times. */
  readonly isQueueRun: boolean;
  /** -qf, -M: retry times do not count. */
  readonly isForced: boolean;
  /** -qff, -M: a frozen message is thawed. */
  readonly thaws: boolean;
  /** -ql: remote deliveries are left. */
  readonly isLocalOnly?: boolean;
  /** -qq: the first pass routes only. */
  readonly isRoutingOnly?: boolean;
  /** On the connection of another message: only what goes to its host. */
  readonly isContinuation?: boolean;
  /** -N. */
  readonly dontDeliver?: boolean;
  /** -odqs, queue_smtp_domains, control = queue/first_pass: first attempts leave these remote addresses. */
  readonly queuesSmtp?: boolean;
  /** -Mg: every address fails, without being tried. */
  readonly givesUp?: boolean;
}

export const ON_ARRIVAL: DeliveryReason = { isQueueRun: false, isForced: false, thaws: false };

/** An address that will not be delivered. */
export interface FailedAddress {
  readonly result: DeliveryResult;
  /** `T:` of a transport was reached: its failure is not the routers'. */
  readonly isRouted: boolean;
  /** Behind the text in the bounce: `: retry timeout exceeded`. */
  readonly isTimedOut: boolean;
}

export class Attempt {
  readonly parts: DeliverParts;
  readonly claim: Claim;
  /** Its header lines follow a domain that a router changes. */
  message: Message;
  readonly reason: DeliveryReason;
  /** A callout's connection, or that of the message before, for the batch that goes there. */
  readonly held: HeldLink | undefined;
  /** Messages that go out next on connections of this one, when it is done. */
  readonly carried: CarriedMessage[] = [];
  frame: Frame;
  readonly tree: AddressTree;
  readonly messageLog: MessageLog;
  readonly retry: RetryTimes;
  readonly helpers = new HelperWatch();
  readonly failed: FailedAddress[] = [];
  readonly deferredResults = new Map<Address, DeliveryResult>();
  freezeReason: Octets | undefined;
  isFreezeWanted = false;
  readonly #timedOut: DeliveryResult[] = [];
  readonly #interrupted = new Set<Address>();
  /** Addresses whose delivery is still to come or running. */
  #open = 0;
  #waiting: { readonly result: DeliveryResult; readonly facts: DeliveryFacts; readonly flag: DeliveryFlag; readonly isLogged: boolean }[] =
    [];
  #flushing: Promise<void> | undefined;
  /** The journal could not be written: nothing more may be delivered. */
  isJournalBroken = false;

  constructor(parts: DeliverParts, claim: Claim, message: Message, reason: DeliveryReason, until: Deadline, held?: HeldLink) {
    const { config, spool } = parts;
    const services = this.helpers.watched(parts.services);
    this.parts = parts;
    this.claim = claim;
    this.message = message;
    this.reason = reason;
    this.held = held;
    const results = {};
    this.frame = {
      config,
      services,
      message,
      results,
      captures: [],
      until,
      delivery: { results, startedAtMs: services.clock.now(), isQueueRun: reason.isQueueRun },
    };
    this.tree = new AddressTree(message.nonRecipients);
    this.messageLog = new MessageLog(spool, claim, this.frame);
    this.retry = new RetryTimes({
      frame: this.frame,
      message,
      isQueueRun: reason.isQueueRun,
      isForced: reason.isForced,
      messageLog: (line) => this.messageLog.add(line),
    });
  }

  /** In all addresses of header lines. Spec ch. 17 "The dnslookup router" (rewrite_headers), ch. 15 (self = reroute: rewrite:). */
  renameDomain(from: Octets, to: Octets): void {
    const headers = renameDomain(this.message.headers, from, to);
    if (headers === this.message.headers) return;
    this.message = { ...this.message, headers };
    this.frame = { ...this.frame, message: this.message };
  }

  /** A line of the main log, and of the message log when it differs or is the same. */
  log(line: Octets, messageLogLine?: Octets): void {
    this.parts.services.log.main(line, this.message.id);
    if (messageLogLine !== undefined) this.messageLog.add(messageLogLine);
  }

  /** A bounce or warning that is in the spool: delivered at once, unless messages are only queued. */
  async handOver(report: AcceptedMessage): Promise<void> {
    if (this.parts.deliversReports ?? !this.parts.config.main.queue_only) await this.parts.handOver(report);
    else report.claim.release();
  }

  get queuedMs(): number {
    return this.parts.services.clock.now() - this.message.receivedAtMs;
  }

  facts(change: Partial<DeliveryFacts> = {}): DeliveryFacts {
    const { sender, queueName } = this.message;
    return { sender, queueName, queuedMs: this.queuedMs, ...change };
  }

  // ------------------------------------------------------------ deliveries

  expect(count: number): void {
    this.#open += count;
  }

  /** Nothing else is open, and nothing was deferred or has failed: removing -H says all. */
  #isLast(): boolean {
    return this.#open === 0 && this.failed.length === 0 && this.#timedOut.length === 0 && this.tree.deferred.length === 0;
  }

  /**
   * An address was delivered: journalled (unless the whole message is done with it), then logged, unless that comes later by `logDelivered`.
   * Results of one tick share one fsync. When it resolves the delivery will not be repeated.
   */
  delivered(result: DeliveryResult, facts: DeliveryFacts, flag: DeliveryFlag, isLogged = true): Promise<void> {
    this.#open--;
    this.tree.settle(result.address);
    this.#waiting.push({ result, facts, flag, isLogged });
    this.#flushing ??= Promise.resolve().then(() => this.#flush());
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#flushing = undefined;
    if (!this.#isLast()) await this.#journal(waiting.map(({ result }) => settledName(result.address)));
    for (const { result, facts, flag, isLogged } of waiting) if (isLogged) this.logDelivered(result, facts, flag);
    for (const { result } of waiting) this.retry.worked(result.address);
  }

  async #journal(uniques: readonly Octets[]): Promise<void> {
    const written = await this.parts.spool.journal(this.claim, uniques);
    if (written.kind === 'ok') return;
    this.isJournalBroken = true;
    this.parts.services.log.panic(`failed to update journal for ${this.message.id}: ${written.reason}`, this.message.id);
  }

  logDelivered(result: DeliveryResult, facts: DeliveryFacts, flag: DeliveryFlag): void {
    const { log } = this.parts.services;
    const transport = facts.transport ?? result.address.state.transport;
    if (transport?.generic['disable_logging'] !== true && result.address.state.router?.generic['disable_logging'] !== true) {
      log.main(deliveredLine(flag, result, facts, log), this.message.id);
    }
    const { address, parent } = result.address;
    this.messageLog.add(
      `${printable(address)}${parent === undefined ? '' : ` <${printable(parent.address)}>`}: ${transport === undefined ? '' : `${transport.name} transport `}succeeded`,
    );
  }

  // ------------------------------------------------------------ failures and deferrals

  /** `open`: the address was expected (a transport had it). */
  fail(result: DeliveryResult, facts: DeliveryFacts, open: boolean, isRouted: boolean): void {
    if (open) this.#open--;
    const { log } = this.parts.services;
    this.log(failedLine(result, facts, log), failedMessageLogLine(result, facts, log));
    this.failed.push({ result, isRouted, isTimedOut: false });
    if (result.isFreeze) this.isFreezeWanted = true;
  }

  /** What a host said to RCPT has a line of its own in the message log, before those about fates. */
  noteRefusal({ host, message }: DeliveryResult): void {
    if (host !== undefined && message !== undefined && /^[A-Z]+ error from remote mail server after (?:pipelined )?RCPT TO/.test(message)) {
      this.messageLog.add(`H=${hostText(host, this.parts.services.log)} ${message}`);
    }
  }

  /** -Mg: told to the sender, without a reason and without a line of its own. */
  giveUp(address: Address): void {
    this.failed.push({ result: { address, kind: 'failed' }, isRouted: false, isTimedOut: false });
  }

  /** Logged and kept; `timedOut` when retrying has come to its end, which makes it a failure. */
  defer(result: DeliveryResult, facts: DeliveryFacts, open: boolean, timedOut: boolean): void {
    if (open) this.#open--;
    const { log } = this.parts.services;
    const showsWaiting = log.selected('retry_defer') || !result.isRetryTimeNotReached;
    if (showsWaiting) {
      const line = deferredLine(result, facts, log);
      if (result.isPanic === true) log.panic(line, this.message.id);
      else log.main(line, this.message.id);
      if (!result.isRetryTimeNotReached || this.message.isFirstDelivery) this.messageLog.add(deferredMessageLogLine(result, facts, log));
    }
    if (result.isFreeze) this.isFreezeWanted = true;
    if (timedOut && !result.isFreeze) {
      this.#timedOut.unshift(result);
      return;
    }
    this.tree.defer(result.address);
    this.deferredResults.set(result.address, result);
  }

  /** Left for another attempt without a word. */
  postpone(address: Address): void {
    this.#open--;
    this.tree.defer(address);
  }

  /** Whoever worked on it was lost: it stays as if it had not been tried, and its age says nothing. */
  interrupt(result: DeliveryResult, open: boolean): void {
    if (open) this.#open--;
    this.log(interruptedLine(loggedAddress(result.address, this.parts.services.log, false), result.message ?? ''));
    this.tree.defer(result.address);
    this.#interrupted.add(result.address);
  }

  /** At least one address is to be tried again soon. */
  get isInterrupted(): boolean {
    return this.#interrupted.size > 0;
  }

  /** Nothing is left but what was interrupted: the message is as before the attempt, without what was delivered. */
  get isOnlyInterrupted(): boolean {
    return this.isInterrupted && this.tree.deferred.every((address) => this.#interrupted.has(address));
  }

  /** When all deliveries are over: those whose retrying has come to its end are failures, the last one first. */
  failTimedOut(): void {
    const { log } = this.parts.services;
    for (const result of this.#timedOut.splice(0)) {
      const address = loggedAddress(result.address, log, false);
      this.log(retryTimeoutLine(address), `${address}: retry timeout exceeded`);
      this.failed.push({ result: { ...result, kind: 'failed' }, isRouted: true, isTimedOut: true });
    }
  }

  /** Nothing is expected any more. */
  assertSettled(): void {
    invariant(this.#open === 0, 'every address of an attempt has a result');
  }
}
