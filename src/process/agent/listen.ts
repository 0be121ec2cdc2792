/** Where the agent and the spawner are reached: a Unix socket for Exim's user alone, or, for a command line that is root, no process at all. */
import { type Duplex, duplexPair } from 'node:stream';
import type { Octets } from '../../base/octets.ts';
import type { SystemResult } from '../../core/ports.ts';
import { type LocalListener, listenLocal } from '../../system/attached-process.ts';
import type { Native, PeerCredentials } from '../../system/native.ts';
import { AgentClient } from './client.ts';
import { AgentPool, type AgentPoolParts } from './pool.ts';

export interface SocketOwner {
  readonly uid: number;
  readonly gid: number;
}

/** `serve` gets the stream of each peer that is `owner` or root; others are cut off. */
export function listenForOwner(
  path: Octets,
  owner: SocketOwner,
  native: Native,
  serve: (stream: Duplex) => void,
): Promise<SystemResult<LocalListener>> {
  return listenLocal(path, owner, native, (stream, peer) => {
    if (isOwner(peer, owner)) return serve(stream);
    stream.on('error', () => {}); // nothing is wanted of it
    stream.destroy();
  });
}

/** Without native calls the mode of the socket is what keeps others away. */
function isOwner(peer: PeerCredentials | undefined, owner: SocketOwner): boolean {
  return peer === undefined || peer.uid === owner.uid || peer.uid === 0;
}

export interface LocalAgent {
  readonly client: AgentClient;
  readonly pool: AgentPool;
  close(): void;
}

/** An agent within this process (root, without sessions): `-M`, `-q`, `-odi`, `-bt` from the command line. No child is started before it is needed. */
export function openLocalAgent(parts: AgentPoolParts): LocalAgent {
  const pool = new AgentPool({ hasSpare: false, ...parts });
  const client = new AgentClient(async () => {
    const [ours, theirs] = duplexPair();
    pool.serve(theirs);
    return { kind: 'ok', value: ours };
  });
  return {
    client,
    pool,
    close: () => {
      client.close();
      pool.close();
    },
  };
}
