/** Who acts for other users and who forks: of a command line that is root an agent, which is started when it is first needed; else the process itself. */
import type { Config, HarnessSettings, Spawner, UserActions } from '../core/index.ts';
import type { SystemPorts } from '../system/create-system.ts';
import { DirectSpawner } from '../system/direct-spawner.ts';

export interface LocalActors {
  readonly userActions: UserActions;
  readonly spawner: Spawner;
  /** The configuration that children are to work by. */
  useConfig(config: Config): void;
  close(): void;
}

export interface ActorParts {
  readonly system: SystemPorts;
  readonly script: string;
  readonly harness: HarnessSettings | undefined;
  readonly isNeeded: boolean;
}

export function openActors({ system }: ActorParts): LocalActors {
  return { userActions: system.userActions, spawner: new DirectSpawner(), useConfig: () => {}, close: () => {} };
}
