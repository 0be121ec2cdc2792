/** UserActions and Spawner of a worker: everything is done by the agent. */
import type { Duplex } from 'node:stream';
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { DeliveryBatch, DeliveryResult } from '../../core/drivers.ts';
import type { FileContent, FileFacts, Identity, Spawner, SpawnRequest, SystemResult, UserActions } from '../../core/ports.ts';
import { deferAll } from '../../system/direct-user-actions.ts';
import { failure, HELPER_LOST } from '../../system/failure.ts';
import { Connector } from '../channel/connector.ts';
import { ProtocolError } from '../channel/frames.ts';
import { decodeSystemResult, encodeSpawnRequest, finishRun, type RunResult } from '../channel/run-call.ts';
import type { Fields } from '../channel/values.ts';
import { encodeDelivery, finishDelivery } from './delivery-call.ts';
import { decodeContent, decodeFacts, decodeNothing, readLimitBytes } from './file-call.ts';
import { encodeIdentity } from './policy.ts';

export class AgentClient implements UserActions, Spawner {
  readonly #connector: Connector;

  /** `connect` reaches the agent, again after it was lost. */
  constructor(connect: () => Promise<SystemResult<Duplex>>) {
    this.#connector = new Connector(connect);
  }

  stat(identity: Identity | undefined, path: Octets, until: Deadline): Promise<SystemResult<FileFacts>> {
    return this.#ask({ op: 'stat', identity: encodeIdentity(identity), path }, decodeFacts, until);
  }

  lstat(identity: Identity | undefined, path: Octets, until: Deadline): Promise<SystemResult<FileFacts>> {
    return this.#ask({ op: 'lstat', identity: encodeIdentity(identity), path }, decodeFacts, until);
  }

  access(identity: Identity | undefined, path: Octets, mode: 'read' | 'write' | 'execute', until: Deadline): Promise<SystemResult<void>> {
    return this.#ask({ op: 'access', identity: encodeIdentity(identity), path, mode }, decodeNothing, until);
  }

  readFile(identity: Identity | undefined, path: Octets, limitBytes: number, until: Deadline): Promise<SystemResult<FileContent>> {
    return this.#ask(
      { op: 'read', identity: encodeIdentity(identity), path, limitBytes: Math.min(limitBytes, readLimitBytes) },
      decodeContent,
      until,
    );
  }

  async run(request: SpawnRequest, input: AsyncIterable<Uint8Array> | Uint8Array, until: Deadline): Promise<RunResult> {
    const channel = await this.#connector.channel();
    if (channel.kind === 'error') return channel;
    const call = channel.value.call({ op: 'run', identity: encodeIdentity(request.identity), ...encodeSpawnRequest(request, until) });
    return finishRun(call, request, input, until);
  }

  async deliver(identity: Identity | undefined, batch: DeliveryBatch, mailbox: Octets): Promise<readonly DeliveryResult[]> {
    const channel = await this.#connector.channel();
    if (channel.kind === 'error') return deferAll(batch, `the agent cannot be reached: ${channel.reason}`, { isInterrupted: true });
    const encoded = await encodeDelivery(batch);
    if (encoded.kind === 'error') return deferAll(batch, encoded.reason);
    const { envelopeBytes } = encoded;
    const call = channel.value.call({ op: 'deliver', identity: encodeIdentity(identity), mailbox, envelopeBytes });
    return finishDelivery(call, batch, encoded, batch.services.log);
  }

  /** Nobody will start the agent again. */
  stopWaiting(): void {
    this.#connector.stopWaiting();
  }

  close(): void {
    this.#connector.close();
  }

  /** Looking changes nothing: it is asked again when the agent, or its child, was lost meanwhile. */
  async #ask<T>(request: object, read: (fields: Fields) => T, until: Deadline): Promise<SystemResult<T>> {
    const answered = await this.#askOnce(request, read, until);
    const isLost = answered.kind === 'error' && answered.errno === HELPER_LOST && !until.signal.aborted;
    return isLost ? this.#askOnce(request, read, until) : answered;
  }

  async #askOnce<T>(request: object, read: (fields: Fields) => T, until: Deadline): Promise<SystemResult<T>> {
    const channel = await this.#connector.channel();
    if (channel.kind === 'error') return channel;
    const waitMs = until.endMs - performance.now();
    if (waitMs <= 0 || until.signal.aborted) return failure('ETIMEDOUT');
    const call = channel.value.call(request);
    const expire = () => call.cancel();
    const timer = waitMs < 2 ** 31 ? setTimeout(expire, waitMs) : undefined;
    until.signal.addEventListener('abort', expire);
    const ended = await call.ended;
    clearTimeout(timer);
    until.signal.removeEventListener('abort', expire);
    if (ended.kind === 'lost') return ended.reason === 'cancelled' ? failure('ETIMEDOUT') : failure(HELPER_LOST, ended.reason);
    try {
      return decodeSystemResult(ended.value, read);
    } catch (error) {
      if (error instanceof ProtocolError) return failure('EPROTO', error.message);
      throw error;
    }
  }
}
