/** The port Spawner by way of the spawner process. */
import type { Duplex } from 'node:stream';
import type { Deadline } from '../../core/deadline.ts';
import type { Spawner, SpawnRequest, SystemResult } from '../../core/ports.ts';
import { failure } from '../../system/failure.ts';
import { Connector } from '../channel/connector.ts';
import { encodeSpawnRequest, finishRun, type RunResult } from '../channel/run-call.ts';

export class SpawnerClient implements Spawner {
  readonly #connector: Connector;
  readonly #uid: number;

  /** `connect` reaches the process, again after it was lost; `uid` is whose rights it has. */
  constructor(connect: () => Promise<SystemResult<Duplex>>, uid: number) {
    this.#connector = new Connector(connect);
    this.#uid = uid;
  }

  async run(request: SpawnRequest, input: AsyncIterable<Uint8Array> | Uint8Array, until: Deadline): Promise<RunResult> {
    if (request.identity && request.identity.uid !== this.#uid) {
      return failure('EPERM', `commands run as uid ${this.#uid} here and not as uid ${request.identity.uid}`);
    }
    const channel = await this.#connector.channel();
    if (channel.kind === 'error') return channel;
    return finishRun(channel.value.call(encodeSpawnRequest(request, until)), request, input, until);
  }

  /** Nobody will start the process again. */
  stopWaiting(): void {
    this.#connector.stopWaiting();
  }

  close(): void {
    this.#connector.close();
  }
}
