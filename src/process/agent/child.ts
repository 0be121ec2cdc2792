/**
 * A child of the agent: reads the configuration as root, gives up root for the user it is told, and from then on looks at files, runs
 * commands and local transports as that user only (DESIGN 3.10).
 */
import type { Duplex } from 'node:stream';
import type { Files, Identity, Spawner, SystemResult } from '../../core/ports.ts';
import { DirectSpawner } from '../../system/direct-spawner.ts';
import { failure } from '../../system/failure.ts';
import { becomeIdentity } from '../../system/privilege.ts';
import { Channel, type IncomingCall } from '../channel/channel.ts';
import { ProtocolError } from '../channel/frames.ts';
import { decodeSpawnRequest, serveRun } from '../channel/run-call.ts';
import { Fields } from '../channel/values.ts';
import { type AgentRuntime, serveDelivery } from './delivery-call.ts';
import { decodeFileRequest, serveFile } from './file-call.ts';
import { decodeIdentity, refusal } from './policy.ts';

export interface AgentChildParts {
  /** To the agent: `attachedStream()`. */
  readonly stream: Duplex;
  readonly files: Files;
  readonly spawner?: Spawner;
  /** Called once, before root is given up. A failure is told to each delivery. */
  readonly loadRuntime: () => Promise<
    { readonly kind: 'ok'; readonly runtime: AgentRuntime } | { readonly kind: 'failed'; readonly reason: string }
  >;
  readonly become?: (identity: Identity) => SystemResult<void>;
}

/** Resolves when the agent has closed the stream; the process should then end. */
export function runAgentChild(parts: AgentChildParts): Promise<void> {
  return new Promise((resolve) => {
    const child = new AgentChild(parts);
    new Channel(parts.stream, { onCall: (call) => void child.answer(call), onClose: () => resolve() });
  });
}

/** Modes of what is made from then on are what the configuration says, as in Exim. */
function becomeForGood(identity: Identity): SystemResult<void> {
  const became = becomeIdentity(identity);
  if (became.kind === 'ok') process.umask(0);
  return became;
}

class AgentChild {
  readonly #parts: AgentChildParts;
  readonly #spawner: Spawner;
  readonly #runtime: ReturnType<AgentChildParts['loadRuntime']>;
  #state: 'nobody' | 'becoming' | 'somebody' = 'nobody';

  constructor(parts: AgentChildParts) {
    this.#parts = parts;
    this.#spawner = parts.spawner ?? new DirectSpawner();
    this.#runtime = parts
      .loadRuntime()
      .catch((error: unknown) => ({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) }));
  }

  async answer(call: IncomingCall): Promise<void> {
    try {
      await this.#serve(call);
    } catch (error) {
      // a bug ends the call, not the other deliveries of this process
      const errno = error instanceof ProtocolError ? 'EPROTO' : 'EIO';
      call.reply(failure(errno, error instanceof Error ? error.message : String(error)));
    }
  }

  async #serve(call: IncomingCall): Promise<void> {
    const fields = new Fields(call.request);
    const op = fields.string('op');
    if (op === 'become') return call.reply(await this.#become(fields));
    if (this.#state !== 'somebody') return call.reply(failure('EPERM', 'this process is nobody yet'));
    const file = decodeFileRequest(fields);
    if (file) return serveFile(call, file, this.#parts.files);
    if (op === 'run') return serveRun(call, decodeSpawnRequest(fields, undefined), this.#spawner);
    if (op !== 'deliver') return call.reply(failure('EPROTO', `unknown operation ${op}`));
    const loaded = await this.#runtime;
    if (loaded.kind === 'failed') return call.reply(failure('EIO', loaded.reason));
    return serveDelivery(call, loaded.runtime);
  }

  async #become(fields: Fields): Promise<SystemResult<void>> {
    const identity = decodeIdentity(fields, 'identity');
    if (!identity || this.#state !== 'nobody') return failure('EPERM', 'a process becomes somebody once');
    this.#state = 'becoming';
    const never = new Set(fields.array('neverUsers').filter((uid) => typeof uid === 'number'));
    const refused = refusal(identity, never);
    if (refused) return refused;
    await this.#runtime; // it reads as root what users may not read
    const became = (this.#parts.become ?? becomeForGood)(identity);
    if (became.kind === 'ok') this.#state = 'somebody';
    return became;
  }
}
