/** What a command-line mode gets: the invocation, who calls, and streams. Modes use nothing of the process itself, so that the daemon can run them for others. */
import type { BuildSettings, Connection, Registry } from '../core/index.ts';
import type { Runtime } from '../process/runtime.ts';
import type { SystemPorts } from '../system/create-system.ts';
import type { Output } from '../system/standard-streams.ts';
import type { Deliveries } from './deliveries.ts';
import type { Invocation } from './invocation.ts';

export interface ModeIo {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly isTerminal: boolean;
  /** The same streams as a connection, for SMTP. */
  connection(): Connection;
}

/** The daemon, when it runs a mode for a caller (DESIGN 3.11). */
export interface DaemonContext {
  readonly runtime: Runtime;
  /** `runtime` is the daemon's with the caller's log. */
  deliveries(runtime: Runtime): Deliveries;
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
  readonly daemon?: DaemonContext | undefined;
}

/** Exit status. */
export type ModeRunner = (context: ModeContext) => Promise<number>;
