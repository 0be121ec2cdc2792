/** Who delivers what a mode accepts: a command line itself, before it ends, or the daemon that runs the mode for its caller. */

import type { Octets } from '../base/octets.ts';
import type { AcceptedMessage } from '../core/index.ts';
import { untilAborted } from '../core/index.ts';
import { type DeliverParts, leaveOnQueue, ON_ARRIVAL } from '../deliver/attempt.ts';
import { DeliveryPool } from '../deliver/pool.ts';
import { deliverAccepted } from '../deliver/run.ts';
import type { Runtime } from '../process/runtime.ts';
import type { DeliveryWish } from '../receive/dialogue.ts';

export interface Deliveries {
  /** Aborted when the mode is over. */
  readonly signal: AbortSignal;
  parts(): DeliverParts;
  /** Takes the claim: delivers the message, or leaves it on the queue. */
  accepted(accepted: AcceptedMessage, wish: DeliveryWish): void | Promise<void>;
  /** Resolves when what the mode has to wait for is delivered or left. */
  finish(): Promise<void>;
}

export interface ForegroundOptions {
  /** Has messages delivered by another process; without it they are delivered here. */
  readonly inBackground?: (ids: readonly string[], queueName: Octets) => Promise<void>;
  /** A delivery that is waited for begins. */
  readonly onDelivery?: (id: string) => void;
}

export class Foreground implements Deliveries {
  readonly #runtime: Runtime;
  readonly #pool: DeliveryPool;
  readonly #lifetime = new AbortController();

  readonly #foreground: Promise<void>[] = [];
  /** What nobody is to wait for (`-odb`). */
  readonly #background: { readonly id: string; readonly queueName: Octets }[] = [];
  readonly #options: ForegroundOptions;

  constructor(runtime: Runtime, options: ForegroundOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
    this.#pool = new DeliveryPool({ parts: () => this.parts(), concurrency: 1, until: untilAborted(this.#lifetime.signal) });
  }

  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  parts(): DeliverParts {
    const { config, services, spool } = this.#runtime;
    return { config, services, spool, handOver: (made) => this.#handOver(made) };
  }

  /** Of a message that is delivered before the caller goes on: bounces go the same way, whatever `queue_only` says. */
  #foregroundParts(): DeliverParts {
    return { ...this.parts(), deliversReports: true };
  }

  async #handOver(made: AcceptedMessage): Promise<void> {
    if (this.#runtime.config.build.adaptations?.deliversInForeground) await this.#deliver(made);
    else this.#pool.add(made);
  }

  /** Before the caller's next command or the end (`-odi`). */
  async #deliver(accepted: AcceptedMessage): Promise<void> {
    this.#options.onDelivery?.(accepted.message.id);
    await deliverAccepted(this.#foregroundParts(), accepted, ON_ARRIVAL, untilAborted(this.#lifetime.signal));
  }

  accepted(accepted: AcceptedMessage, wish: DeliveryWish): void | Promise<void> {
    if (wish === 'foreground') {
      const delivered = this.#deliver(accepted);
      this.#foreground.push(delivered);
      return delivered;
    }
    if (wish === 'queue') leaveOnQueue(accepted);
    else if (wish === 'background' && this.#options.inBackground) {
      leaveOnQueue(accepted);
      this.#background.push(accepted.message);
    } else this.#pool.add(accepted, wish === 'queue-smtp' ? { ...ON_ARRIVAL, queuesSmtp: true } : ON_ARRIVAL);
  }

  /** Resolves when all is delivered or left, and what was removed is removed for good. */
  async finish(): Promise<void> {
    await Promise.all(this.#foreground);
    await this.#pool.idle();
    await this.#pool.close(); // what was interrupted is left on the queue
    for (const [queueName, messages] of Map.groupBy(this.#background, (message) => message.queueName))
      await this.#options.inBackground?.(
        messages.map(({ id }) => id),
        queueName,
      );
    await this.#runtime.spool.close();
    this.#lifetime.abort();
  }
}

/** In the daemon: what is not to be waited for goes to its pool. */
export class DaemonDeliveries implements Deliveries {
  readonly #parts: () => DeliverParts;
  readonly #background: (accepted: AcceptedMessage, wish: DeliveryWish) => void;
  readonly #foreground: Promise<void>[] = [];
  readonly #lifetime = new AbortController();

  constructor(parts: () => DeliverParts, background: (accepted: AcceptedMessage, wish: DeliveryWish) => void) {
    this.#parts = parts;
    this.#background = background;
  }

  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  parts(): DeliverParts {
    return this.#parts();
  }

  accepted(accepted: AcceptedMessage, wish: DeliveryWish): void | Promise<void> {
    if (wish !== 'foreground') return this.#background(accepted, wish);
    const delivered = deliverAccepted(this.#parts(), accepted, ON_ARRIVAL, untilAborted(this.#lifetime.signal)).then(() => undefined);
    this.#foreground.push(delivered);
    return delivered;
  }

  async finish(): Promise<void> {
    await Promise.all(this.#foreground);
    this.#lifetime.abort();
  }
}
