/**
 * What delivers in a process: messages that were just received are handed over in memory, others are taken up from the spool by id. At most so many are in
 * memory at once, the rest stay on disk as ids (DESIGN 3.10).
 */
import type { AcceptedMessage, Config, Services } from '../core/index.ts';
import type { DeliveryReason } from '../deliver/attempt.ts';
import { deliverMessage, ON_ARRIVAL } from '../deliver/run.ts';
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
    this.#start(() => deliverMessage({ ...this.#parts, handOver: (made) => this.accepted(made, 'background') }, accepted, reason));
  }

  /** Resolves when the attempt has ended, or the message was held by another or gone. */
  deliver(id: string, reason: DeliveryReason): Promise<void> {
    return new Promise((resolve) => {
      this.#start(async () => {
        const claiming = this.#parts.spool.claim(id);
        if (claiming.kind === 'ok') {
          const loading = this.#parts.spool.load(claiming.claim);
          if (loading.kind === 'ok') {
            await deliverMessage({ ...this.#parts, handOver: (made) => this.accepted(made, 'background') }, { message: loading.message, claim: claiming.claim }, reason);
          } else claiming.claim.release();
        }
        resolve();
      });
    });
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
  }

  #start(run: () => Promise<void>): void {
    this.#running += 1;
    void run()
      .catch((error: unknown) => this.#parts.services.log.panic(`delivery failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`))
      .finally(() => this.#ended());
  }

  #ended(): void {
    this.#running -= 1;
    const next = this.#running < MAX_HELD ? this.#waiting.shift() : undefined;
    if (next) void this.deliver(next.id, next.reason);
    if (this.#running > 0 || this.#waiting.length > 0) return;
    for (const tell of this.#idle.splice(0)) tell();
  }
}
