/** Keeps one channel to another process and makes a new one after it was lost. */
import type { Duplex } from 'node:stream';
import type { SystemResult } from '../../core/ports.ts';
import { failure } from '../../system/failure.ts';
import { Channel } from './channel.ts';

export class Connector {
  readonly #connect: () => Promise<SystemResult<Duplex>>;
  #channel: Channel | undefined;
  #connecting: Promise<SystemResult<Channel>> | undefined;
  #isClosed = false;

  constructor(connect: () => Promise<SystemResult<Duplex>>) {
    this.#connect = connect;
  }

  /** A failure of errno EAGAIN where the other process cannot be reached. */
  async channel(): Promise<SystemResult<Channel>> {
    if (this.#channel?.isOpen) return { kind: 'ok', value: this.#channel };
    if (this.#isClosed) return failure('EAGAIN', 'closed');
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
  }

  async #open(): Promise<SystemResult<Channel>> {
    const stream = await this.#connect();
    if (stream.kind === 'error') return failure('EAGAIN', stream.reason);
    this.#channel = new Channel(stream.value);
    if (this.#isClosed) this.#channel.close();
    return { kind: 'ok', value: this.#channel };
  }
}
