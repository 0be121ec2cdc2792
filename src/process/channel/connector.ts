/** Keeps one channel to another process, and makes a new one after it was lost: that process is being started again, which takes a moment. */
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { SystemResult } from '../../core/ports.ts';
import { failure, HELPER_LOST } from '../../system/failure.ts';
import { Channel } from './channel.ts';

export interface ConnectorOptions {
  /** How long a process that cannot be reached is waited for, since it was reached last. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 10_000;
const TRY_EVERY_MS = 50;

export class Connector {
  readonly #connect: () => Promise<SystemResult<Duplex>>;
  #patienceMs: number;
  #channel: Channel | undefined;
  #connecting: Promise<SystemResult<Channel>> | undefined;
  /** Since when nobody answers. */
  #lostAtMs: number | undefined;
  #isClosed = false;

  constructor(connect: () => Promise<SystemResult<Duplex>>, { patienceMs = PATIENCE_MS }: ConnectorOptions = {}) {
    this.#connect = connect;
    this.#patienceMs = patienceMs;
  }

  /** A failure of errno HELPER_LOST where the other process cannot be reached. */
  async channel(): Promise<SystemResult<Channel>> {
    if (this.#channel?.isOpen) return { kind: 'ok', value: this.#channel };
    if (this.#isClosed) return failure(HELPER_LOST, 'closed');
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** From now on who cannot be reached at once is lost: nobody starts it again. */
  stopWaiting(): void {
    this.#patienceMs = 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
  }

  async #open(): Promise<SystemResult<Channel>> {
    for (;;) {
      const stream = await this.#connect();
      if (stream.kind === 'ok') {
        this.#lostAtMs = undefined;
        this.#channel = new Channel(stream.value);
        if (this.#isClosed) this.#channel.close();
        return { kind: 'ok', value: this.#channel };
      }
      this.#lostAtMs ??= performance.now();
      if (this.#isClosed || performance.now() - this.#lostAtMs >= this.#patienceMs) return failure(HELPER_LOST, stream.reason);
      await pause(TRY_EVERY_MS);
    }
  }
}
