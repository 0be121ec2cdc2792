/** Everything one expansion may see. Missing parts read as empty, as in Exim. */
import type { Octets } from '../base/octets.ts';
import type { Address } from './address.ts';
import type { Config } from './config.ts';
import type { Deadline } from './deadline.ts';
import type { AclPhase } from './define/acl.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Mail, Message } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { Perl, Services } from './ports.ts';
import type { Origin, Results, Session, Transaction } from './session.ts';
import type { Text } from './text.ts';

export interface Frame {
  readonly config: Config;
  readonly services: Services;
  readonly session?: Session;
  readonly transaction?: Transaction;
  readonly message?: Message;
  /** The address being routed, delivered or verified. */
  readonly address?: Address;
  /** The other addresses of a batch (`$pipe_addresses`, `$local_parts`…). */
  readonly batch?: readonly Address[];
  /** TLS of an outgoing connection: `$tls_out_…`. */
  readonly delivery?: DeliveryState;
  /** The one mutable record for variables that are results. */
  readonly results: Results;
  /** `$0`..`$9`; index 0 is `$0`. */
  readonly captures: readonly Text[];
  /** Values of nested scopes: `value`, `item`, `acl_arg1`, `acl_narg`, … innermost first. */
  readonly locals?: Local;
  readonly until: Deadline;
  /** `$return_path` while a transport runs; otherwise the sender is read. */
  readonly returnPath?: Octets;
  /** The ACL that runs, for `${acl…}` inside it. */
  readonly aclPhase?: AclPhase;
  readonly aclDepth?: number;
  /** What verification is going on: `$verify_mode`. */
  readonly verifyMode?: 'S' | 'R';
  /** The interpreter that waits for this expansion (`Exim::expand_string`): calls from inside it must go to it. */
  readonly perl?: Perl;
}

/** One binding of a nested scope; a linked list, so that a frame is never changed. */
export interface Local {
  readonly name: string;
  readonly value: Text;
  readonly next: Local | undefined;
}

/** The mutable record of one delivery attempt. */
export interface DeliveryState {
  readonly results: Results;
  /** Of the connection in use: `$tls_out_…`, `$sending_ip_address`, `$sending_port`. */
  tlsOut?: import('./session.ts').TlsFacts | undefined;
  sendingAddress?: Octets | undefined;
  sendingPort?: number | undefined;
  /** `$message_age` is against this. */
  readonly startedAtMs: number;
  /** Started by a queue run: condition `queue_running`. */
  readonly isQueueRun?: boolean;
}

/** A compiled expression. Synchronous unless it did I/O. What is not `ok` passes through unchanged; nothing throws for an expected result. */
export type Compiled = (frame: Frame) => MaybePromise<Outcome<Text>>;

/** What a condition decided, and the captures (`$1`…) it leaves for the rest of its `${if`, ACL statement or router. */
export interface Judged {
  readonly value: boolean;
  readonly captures?: readonly Text[];
  /** What it found (`inlist`, `match_domain`, `acl`): `$value` in the rest of its `${if`. */
  readonly found?: Text;
}

export type CompiledCondition = (frame: Frame) => MaybePromise<Outcome<Judged>>;

/** A frame with one more binding. */
export function withLocal(frame: Frame, name: string, value: Text): Frame {
  return { ...frame, locals: { name, value, next: frame.locals } };
}

export function withCaptures(frame: Frame, captures: readonly Text[]): Frame {
  return { ...frame, captures };
}

export function findLocal(frame: Frame, name: string): Text | undefined {
  for (let local = frame.locals; local; local = local.next) if (local.name === name) return local.value;
  return undefined;
}

/** Where the mail comes from: the message's own copy, else the live session's. */
export function originOf(frame: Frame): Readonly<Origin> | undefined {
  return frame.message?.origin ?? frame.session?.state.origin;
}

/** The mail that is delivered or being received. */
export function mailOf(frame: Frame): Mail | undefined {
  return frame.message ?? frame.transaction?.state;
}
