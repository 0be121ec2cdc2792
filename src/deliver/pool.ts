/**
 * What one process has to deliver: at most so many at a time, at most 200 messages in memory; the rest stay on disk as ids. DESIGN 3.10
 * "One message".
 */
import type { Octets } from '../base/octets.ts';
import type { AcceptedMessage, Deadline } from '../core/index.ts';
import { type DeliverParts, type DeliveryReason, leaveOnQueue, ON_ARRIVAL } from './attempt.ts';
import { type DeliveryEnd, deliverAccepted, deliverById, inQueue } from './run.ts';

export interface DeliveryPoolOptions {
  /** The current configuration's; asked at each start, so that a reload takes effect. */
  readonly parts: () => DeliverParts;
  /** Deliveries at a time. */
  readonly concurrency: number;
  /** Accepted messages that wait with their body in memory. */
  readonly memoryLimit?: number;
  readonly until: Deadline;
}

/** After a loss of the process that delivered: a message that causes it itself then waits for a queue run. */
const RETRY_AFTER_MS: readonly number[] = [1000, 5000, 30_000];

type Job = { readonly reason: DeliveryReason } & (
  | { readonly accepted: AcceptedMessage }
  | { readonly id: string; readonly queueName: Octets }
);

const MEMORY_LIMIT = 200;

export class DeliveryPool {
  readonly #options: DeliveryPoolOptions;
  readonly #queue: Job[] = [];
  readonly #idle: (() => void)[] = [];
  /** How often deliveries of a message were interrupted one after another. */
  readonly #interruptions = new Map<string, number>();
  readonly #lifetime = new AbortController();
  #inMemory = 0;
  #running = 0;
  #isClosed = false;

  constructor(options: DeliveryPoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#queue.length + this.#running;
  }

  /** A message that this process accepted; when too many wait, it goes back to the spool and is read again. */
  add(accepted: AcceptedMessage, reason: DeliveryReason = ON_ARRIVAL): void {
    if (this.#isClosed) {
      leaveOnQueue(accepted);
      return;
    }
    if (this.#inMemory >= (this.#options.memoryLimit ?? MEMORY_LIMIT)) {
      const { id, queueName } = accepted.message;
      leaveOnQueue(accepted);
      this.#push({ id, queueName, reason });
      return;
    }
    this.#inMemory++;
    this.#push({ accepted, reason });
  }

  /** A message of the queue of that name; '' is the default queue. */
  addId(id: string, queueName: Octets, reason: DeliveryReason = ON_ARRIVAL): void {
    if (!this.#isClosed) this.#push({ id, queueName, reason });
  }

  /** A delivery was interrupted by the loss of another process: it is tried again soon, a few times. */
  retry(id: string, queueName: Octets, reason: DeliveryReason): void {
    const count = this.#interruptions.get(id) ?? 0;
    const waitMs = RETRY_AFTER_MS[count];
    if (this.#isClosed || waitMs === undefined) {
      this.#interruptions.delete(id);
      return;
    }
    this.#interruptions.set(id, count + 1);
    const { clock } = this.#options.parts().services;
    const until = { endMs: Number.POSITIVE_INFINITY, signal: this.#lifetime.signal };
    void clock.sleep(waitMs, until).then(() => this.addId(id, queueName, reason));
  }

  /** Resolves when nothing waits or runs. */
  async idle(): Promise<void> {
    while (this.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** What waits stays in the spool; what runs comes to its end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#lifetime.abort();
    for (const job of this.#queue.splice(0)) if ('accepted' in job) leaveOnQueue(job.accepted);
    await this.idle();
  }

  #push(job: Job): void {
    this.#queue.push(job);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.#options.concurrency) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      this.#running++;
      void this.#run(job).then((end) => {
        this.#running--;
        if ('accepted' in job) this.#inMemory--;
        const { id, queueName } = 'accepted' in job ? job.accepted.message : job;
        if (end === 'interrupted') this.retry(id, queueName, job.reason);
        else if (this.#interruptions.size > 0) this.#interruptions.delete(id);
        this.#next();
        if (this.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
      });
    }
  }

  /** Never rejects: what fails is in the panic log, and the message in the spool. */
  #run(job: Job): Promise<DeliveryEnd> {
    const parts = this.#options.parts();
    return 'accepted' in job
      ? deliverAccepted(parts, job.accepted, job.reason, this.#options.until)
      : deliverById(inQueue(parts, job.queueName), job.id, job.reason, this.#options.until);
  }
}
