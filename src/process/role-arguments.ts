/** What our own processes are started with: one JSON argument, made and read here. */
import type { Octets } from '../base/octets.ts';
import type { Identity } from '../core/index.ts';
import type { QueueRunOptions } from '../deliver/queue-run.ts';
import type { ConfigChoice } from './choice.ts';

/** What a daemon does again and again in one of its queues (`-q<time>`, `-qG<name>/<time>`); '' is the default queue. */
export interface PeriodicQueueRun {
  readonly queueName: Octets;
  readonly intervalSeconds: number;
  readonly options: QueueRunOptions;
}

export interface WorkerArguments {
  readonly choice: ConfigChoice;
  readonly index: number;
  readonly sockets: readonly { readonly fd: number; readonly isTlsOnConnect: boolean }[];
  /** The submission socket, bound by root; undefined: the worker binds it. */
  readonly submitSocketFd: number | undefined;
  /** Where the agent or spawner listens. */
  readonly helperSocket: Octets;
  readonly hasAgent: boolean;
  /** Started by root: whom it becomes for good. */
  readonly becomes: Identity | undefined;
  readonly queueRuns: readonly PeriodicQueueRun[];
  /** The last daemon did not end by itself: what it held is delivered at once. */
  readonly takesUp: boolean;
  readonly deliveryMode: 'background' | 'foreground' | 'queue' | 'queue-smtp' | undefined;
}

export interface HelperArguments {
  readonly choice: ConfigChoice;
  readonly socket: Octets;
  readonly exim: Identity;
  readonly neverUsers: readonly number[];
  readonly childLimit: number;
}

export function encodeRole(value: WorkerArguments | HelperArguments): string {
  return JSON.stringify(value);
}

/** Only our supervisor writes these: what does not fit is a bug of ours, told by the JSON parser or on first use. */
export function decodeWorker(text: string): WorkerArguments {
  return JSON.parse(text) as WorkerArguments; // written by encodeRole
}

export function decodeHelper(text: string): HelperArguments {
  return JSON.parse(text) as HelperArguments; // written by encodeRole
}
