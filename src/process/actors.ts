/** Who acts for other users and who forks for a command line: with root children that become the user, without it the process itself (DESIGN 3.10). */
import type { Spawner, UserActions } from '../core/index.ts';
import { startAttached } from '../system/attached-process.ts';
import type { SystemPorts } from '../system/create-system.ts';
import { DirectSpawner } from '../system/direct-spawner.ts';
import { asRoot } from '../system/own-ids.ts';
import { SwitchingUserActions } from '../system/switching-user-actions.ts';
import type { AgentPolicy } from './agent/policy.ts';
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

export async function openActors(parts: ActorParts): Promise<LocalActors> {
  const { system, isRoot, delivers } = parts;
  if (isRoot && delivers) return openAgent(parts);
  const userActions = isRoot ? new SwitchingUserActions(system.files) : system.userActions;
  return { userActions, spawner: new DirectSpawner(), usePolicy: () => {}, close: () => {} };
}

async function openAgent({ script, choice }: ActorParts): Promise<LocalActors> {
  const { openLocalAgent } = await import('./agent/listen.ts');
  let policy: AgentPolicy = { exim: { uid: 0, gid: 0 }, neverUsers: new Set() };
  const agent = openLocalAgent({
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
  return {
    userActions: agent.client,
    spawner: agent.client,
    usePolicy: (known) => {
      policy = known;
    },
    close: () => agent.close(),
  };
}
