/**
 * What delivers in a process: messages that were just received are handed over in memory, others are taken up from the spool by id. At most so many are in
 * memory at once, the rest stay on disk as ids (DESIGN 3.10).
 */
import type { AcceptedMessage, Config, Services } from '../core/index.ts';
import { untilAborted } from '../core/index.ts';
import { type DeliveryReason, type DeliverParts, ON_ARRIVAL } from '../deliver/attempt.ts';
import { type DeliveryEnd, deliverAccepted, deliverById } from '../deliver/run.ts';
import type { DeliveryWish } from '../receive/dialogue.ts';
import type { Spool } from '../spool/spool.ts';

export interface MailerParts {
  readonly config: Config;
  readonly services: Services;
  readonly spool: Spool;
}

/** Messages that one process holds in memory. */
const MAX_HELD = 200;

export class Mailer {
  #parts: MailerParts;
  #running = 0;
  /** Ids that wait for a place; their messages are on disk. */
  readonly #waiting: { readonly id: string; readonly reason: DeliveryReason }[] = [];
  #idle: (() => void)[] = [];
  #isClosed = false;
  readonly #lifetime = new AbortController();

  constructor(parts: MailerParts) {
    this.#parts = parts;
  }

  /** After a reload: attempts that run keep what they began with. */
  use(parts: MailerParts): void {
    this.#parts = parts;
  }

  /** Takes the claim of an accepted message: delivers it now, or leaves it on the queue. */
  accepted(accepted: AcceptedMessage, wish: DeliveryWish): void {
    if (wish === 'queue' || this.#isClosed) {
      accepted.claim.release();
      return;
    }
    const reason: DeliveryReason = wish === 'queue-smtp' ? { ...ON_ARRIVAL, queuesSmtp: true } : ON_ARRIVAL;
    if (this.#running >= MAX_HELD) {
      accepted.claim.release();
      this.#waiting.push({ id: accepted.message.id, reason });
      return;
    }
    void this.#start(() => deliverAccepted(this.#deliverParts(), accepted, reason, untilAborted(this.#lifetime.signal)));
  }

  /** Resolves when the attempt has ended; `skipped` when the message is held by another, frozen, or gone. */
  deliver(id: string, reason: DeliveryReason): Promise<DeliveryEnd> {
    return this.#start(() => deliverById(this.#deliverParts(), id, reason, untilAborted(this.#lifetime.signal)));
  }

  get running(): number {
    return this.#running;
  }

  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** What waits stays on the queue; attempts that run are waited for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    await this.idle();
    this.#lifetime.abort();
  }

  #deliverParts(): DeliverParts {
    return { ...this.#parts, handOver: (made) => this.accepted(made, 'background') };
  }

  #start(run: () => Promise<DeliveryEnd>): Promise<DeliveryEnd> {
    this.#running += 1;
    return run().finally(() => this.#ended());
  }

  #ended(): void {
    this.#running -= 1;
    const next = this.#running < MAX_HELD ? this.#waiting.shift() : undefined;
    if (next) void this.deliver(next.id, next.reason);
    if (this.#running > 0 || this.#waiting.length > 0) return;
    for (const tell of this.#idle.splice(0)) tell();
  }
}
