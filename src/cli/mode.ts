/** What a command-line mode gets: the invocation, who calls, and streams. Modes use nothing of the process itself, so that the daemon can run them for others. */
import type { Octets } from '../base/octets.ts';
import type { BuildSettings, Caller, Registry } from '../core/index.ts';
import type { Output } from '../system/standard-streams.ts';
import type { SystemPorts } from '../system/create-system.ts';
import type { Invocation } from './invocation.ts';

export interface ModeIo {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly isTerminal: boolean;
}

export interface ModeContext {
  readonly invocation: Invocation;
  readonly io: ModeIo;
  readonly system: SystemPorts;
  readonly build: BuildSettings;
  readonly registry: Registry;
  /** Real ids of the caller; its rights follow from the configuration. */
  readonly callerIds: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** The script that children run: this program. */
  readonly script: string;
  /** The arguments as they were given, for a process that goes on as a daemon. */
  readonly argv: readonly string[];
}

/** Exit status. */
export type ModeRunner = (context: ModeContext) => Promise<number>;

export type { Caller, Octets };
