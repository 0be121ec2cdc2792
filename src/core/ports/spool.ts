/** Where accepted messages go, and what holds one of them. */
import type { Octets } from '../../base/octets.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Body, Message } from '../message.ts';
import type { SystemFailure, SystemResult } from './files.ts';
import type { HeldLink } from './upward.ts';

export interface MessageStore {
  /**
   * Begins a message: chooses its id and creates its -D file, locked. The sink must end with `commit` or `abort`. In the queue of that name; default: the
   * store's own.
   */
  begin(queueName?: Octets): { readonly kind: 'ok'; readonly sink: MessageSink } | SystemFailure;
}

/** What a Message has beyond its body; `size` is computed by the store (headers, blank line and body). */
export type MessageEnvelope = Omit<Message, 'id' | 'body' | 'size'>;

/** One message being written. */
export interface MessageSink {
  readonly id: string;
  /** Octets of the body, line ends \n, no dot-stuffing. A promise when they go to the disk: wait for it before the next call. */
  write(bytes: Uint8Array): MaybePromise<SystemResult<void>>;
  /** What was written so far, for the ACLs after DATA. */
  body(): Body;
  /**
   * Makes the message durable: when it resolves with ok the message survives a crash and may be acknowledged (log `<=` and flush the log before the 250).
   * On failure nothing is left. The claim belongs to the caller: hand it to delivery, or release it to leave the message on the queue.
   */
  commit(envelope: MessageEnvelope): Promise<SystemResult<AcceptedMessage>>;
  /** Leaves nothing. */
  abort(): void;
}

/** A message in the spool and the right to deliver or change it. */
export interface AcceptedMessage {
  readonly message: Message;
  readonly claim: MessageClaim;
  /** For who delivers it at once; everyone else closes it. */
  readonly held?: HeldLink | undefined;
}

/** While it is held no other process or task delivers or changes the message (DESIGN 3.8). */
export interface MessageClaim {
  readonly id: string;
  release(): void;
}
