/** Who acts for other users and who forks for a command line: with root children that become the user, without it the process itself (DESIGN 3.10). */
import { duplexPair } from 'node:stream';
import type { Spawner, UserActions } from '../core/index.ts';
import { startAttached } from '../system/attached-process.ts';
import type { SystemPorts } from '../system/create-system.ts';
import { DirectSpawner } from '../system/direct-spawner.ts';
import { asRoot } from '../system/own-ids.ts';
import { SwitchingUserActions } from '../system/switching-user-actions.ts';
import { AgentClient } from './agent/client.ts';
import type { AgentPolicy } from './agent/policy.ts';
import { AgentPool } from './agent/pool.ts';
import type { ConfigChoice } from './choice.ts';
import { encodeChoice } from './choice.ts';

export interface LocalActors {
  readonly userActions: UserActions;
  readonly spawner: Spawner;
  /** Known when the configuration is: whom the children may become. */
  usePolicy(policy: AgentPolicy): void;
  close(): void;
}

export interface ActorParts {
  readonly system: SystemPorts;
  readonly script: string;
  readonly choice: ConfigChoice;
  readonly isRoot: boolean;
  /** It delivers; otherwise it only looks. */
  readonly delivers: boolean;
}

export function openActors({ system, script, choice, isRoot, delivers }: ActorParts): LocalActors {
  if (!isRoot) return { userActions: system.userActions, spawner: new DirectSpawner(), usePolicy: () => {}, close: () => {} };
  if (!delivers)
    return { userActions: new SwitchingUserActions(system.files), spawner: new DirectSpawner(), usePolicy: () => {}, close: () => {} };
  let policy: AgentPolicy = { exim: { uid: 0, gid: 0 }, neverUsers: new Set() };
  const pool = new AgentPool({
    hasSpare: false,
    startChild: () => asRoot(() => startAttached({ script, args: ['--eximius-role=agent-child', encodeChoice(choice)] })),
    policy: {
      get exim() {
        return policy.exim;
      },
      get neverUsers() {
        return policy.neverUsers;
      },
    },
  });
  const client = new AgentClient(async () => {
    const [ours, theirs] = duplexPair();
    pool.serve(theirs);
    return { kind: 'ok', value: ours };
  });
  return {
    userActions: client,
    spawner: client,
    usePolicy: (known) => {
      policy = known;
    },
    close: () => {
      client.close();
      pool.close();
    },
  };
}
