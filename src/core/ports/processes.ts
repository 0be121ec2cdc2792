/** Who runs what: identities, programs, Perl, PAM, modules, and actions as a user. */
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../deadline.ts';
import type { DeliveryBatch, DeliveryResult } from '../drivers.ts';
import type { Frame } from '../frame.ts';
import type { Outcome } from '../outcome.ts';
import type { FileFacts, SystemFailure, SystemResult } from './files.ts';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Name for initgroups; undefined: no supplementary groups. */
  readonly initgroupsFor?: Octets | undefined;
}

export interface SpawnRequest {
  /** argv[0] is the program's path; no shell. */
  readonly argv: readonly Octets[];
  readonly environment: ReadonlyMap<string, Octets>;
  readonly directory: Octets;
  readonly identity?: Identity | undefined;
  readonly umask: number;
  readonly niceLevel?: number;
  readonly timeoutMs: number;
  /** Output beyond this is read and thrown away, or ends the process when `killOnExcess`. */
  readonly maxOutputBytes: number;
  readonly killOnExcess?: boolean;
  /** Keep stderr apart; default: together with stdout. */
  readonly separateStderr?: boolean;
  /** Takes standard output as it comes; neither it nor stderr is kept. For programs that are talked to. */
  readonly onOutput?: ((bytes: Buffer) => void) | undefined;
}

export interface SpawnResult {
  /** Exit status, or undefined when it ended by a signal. */
  readonly status: number | undefined;
  readonly signal: number | undefined;
  readonly isTimeout: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly isTruncated: boolean;
  /** errno while writing its input (EPIPE is usual when it does not read). */
  readonly inputFailure: SystemFailure | undefined;
}

/** Commands, run by the agent or the small spawner process: a process with sessions never forks (DESIGN 3.10). */
export interface Spawner {
  run(
    request: SpawnRequest,
    input: AsyncIterable<Uint8Array> | Uint8Array,
    until: Deadline,
  ): Promise<{ readonly kind: 'ok'; readonly result: SpawnResult } | SystemFailure>;
}

/** The interpreter that runs the code of `perl_startup`: a process of its own, which is kept (DESIGN 3.13). */
export interface Perl {
  /** Calls a subroutine in scalar context. What it returns is trusted, as in Exim; undef is a forced failure. */
  call(subroutine: Octets, args: readonly Octets[], frame: Frame): Promise<Outcome<Octets>>;
  /** Runs the startup code now (`perl_at_start`); does nothing without `perl_startup`. */
  start(frame: Frame): Promise<Outcome<unknown>>;
}

/** Pluggable Authentication Modules, as the service `exim`. */
export interface Pam {
  /** Authenticates, and looks whether the account is valid now; `answers` reply to what the modules ask for. Always asynchronous: modules wait. */
  authenticate(user: Octets, answers: readonly Octets[], until: Deadline): Promise<Outcome<PamVerdict>>;
}

export interface PamVerdict {
  /** PAM's own: 0 is success. */
  readonly code: number;
  readonly text: string;
}

/** Modules of functions for `${dlfunc` and the like, written in JavaScript or TypeScript (DESIGN 3.13). */
export interface Modules {
  /** What a module exports under the name; each file is loaded once. The reason is for `dlopen "FILE" failed: REASON`. */
  load(path: Octets): Promise<{ readonly kind: 'ok'; readonly exports: ReadonlyMap<string, unknown> } | SystemFailure>;
}

/** The whole of a file, and the facts of the very file that was read. */
export interface FileContent {
  readonly bytes: Buffer;
  readonly facts: FileFacts;
}

/**
 * What is done with a user's rights and no others: by the agent's children when started as root, else directly by the process (DESIGN 3.10).
 * `identity` undefined means Exim's own. An identity that is refused (uid 0, never_users, or not ours without root) is a failure of
 * errno EPERM; an agent that cannot be reached or is overloaded, EAGAIN; the deadline, ETIMEDOUT. All of these are a defer.
 */
export interface UserActions {
  stat(identity: Identity | undefined, path: Octets, until: Deadline): Promise<SystemResult<FileFacts>>;
  lstat(identity: Identity | undefined, path: Octets, until: Deadline): Promise<SystemResult<FileFacts>>;
  /** access(2) as that user. */
  access(identity: Identity | undefined, path: Octets, mode: 'read' | 'write' | 'execute', until: Deadline): Promise<SystemResult<void>>;
  /** Regular files only (EISDIR, EINVAL for others); EFBIG above the limit. */
  readFile(identity: Identity | undefined, path: Octets, limitBytes: number, until: Deadline): Promise<SystemResult<FileContent>>;
  /**
   * Runs a local transport as `identity`. `batch.settled` is called for every address before this returns; it rejects only with what
   * `settled` rejects with: when the agent or its child is lost, addresses without a result are deferred. Deliveries with the same `mailbox` run one after another
   * (of one identity; '' is never queued).
   */
  deliver(identity: Identity | undefined, batch: DeliveryBatch, mailbox: Octets): Promise<readonly DeliveryResult[]>;
}
