/**
 * UserActions and Spawner of one attempt, which notice that the process behind them was lost or could not be reached: what an expansion or a router
 * makes of that says nothing about the address.
 */
import type { Octets } from '../base/octets.ts';
import type { Deadline, Services, Spawner, SpawnRequest, SystemResult, UserActions } from '../core/index.ts';
import { HELPER_LOST } from '../system/failure.ts';

export class HelperWatch {
  #lossCount = 0;

  /** Compared before and after a step: whether a process was lost meanwhile. */
  get lossCount(): number {
    return this.#lossCount;
  }

  /** The same services, watched. */
  watched(services: Services): Services {
    return { ...services, userActions: this.#userActions(services.userActions), spawner: this.#spawner(services.spawner) };
  }

  #userActions(actions: UserActions): UserActions {
    return {
      stat: (identity, path, until) => this.#note(actions.stat(identity, path, until)),
      lstat: (identity, path, until) => this.#note(actions.lstat(identity, path, until)),
      access: (identity, path, mode, until) => this.#note(actions.access(identity, path, mode, until)),
      readFile: (identity, path, limitBytes, until) => this.#note(actions.readFile(identity, path, limitBytes, until)),
      deliver: (identity, batch, mailbox: Octets) => actions.deliver(identity, batch, mailbox), // its results say it
    };
  }

  #spawner(spawner: Spawner): Spawner {
    return {
      run: (request: SpawnRequest, input: AsyncIterable<Uint8Array> | Uint8Array, until: Deadline) =>
        this.#note(spawner.run(request, input, until)),
    };
  }

  async #note<T extends SystemResult<unknown> | Awaited<ReturnType<Spawner['run']>>>(asked: Promise<T>): Promise<T> {
    const answered = await asked;
    if (answered.kind === 'error' && answered.errno === HELPER_LOST) this.#lossCount++;
    return answered;
  }
}
