/** What supervisor and workers tell each other. Every message is checked on arrival: a worker that went wrong must not take the supervisor along. */
import type { AdmissionLimits, Admittance, Verdict } from './admission.ts';

/** The exit status of a worker that asks to be started again. */
export const STARTED_AGAIN = 75;

/** How long a worker that is to stop lets sessions come to the end of their transaction, and how long it goes on in all. */
export const SESSION_GRACE_MS = 30_000;
export const WORKER_GRACE_MS = 45_000;

export type ToSupervisor =
  | { readonly kind: 'ready' }
  /** Before its end: the configuration could not be loaded, or the like. */
  | { readonly kind: 'failed'; readonly message: string }
  /** By how many the connections from a host have become more or less. */
  | { readonly kind: 'connections'; readonly changes: readonly (readonly [host: string, by: number])[] }
  /** Asks for one of the last free places. */
  | ({ readonly kind: 'admit'; readonly request: number; readonly host: string } & AdmissionLimits)
  /** A configuration was compiled after SIGHUP, or was refused. */
  | { readonly kind: 'reloaded'; readonly problem?: string };

export type ToWorker =
  | { readonly kind: 'totals'; readonly open: number }
  | ({ readonly kind: 'admitted'; readonly request: number } & Admittance)
  | { readonly kind: 'reload' }
  /** The log says that the daemon has started: queue runs may begin. */
  | { readonly kind: 'begin' }
  /** Messages without a claim are to be taken up: the daemon starts, or a worker died. */
  | { readonly kind: 'take-up' }
  /** `isUrgent`: at once, whatever is in hand. */
  | { readonly kind: 'stop'; readonly isUrgent: boolean };

export function parseToSupervisor(value: unknown): ToSupervisor | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  const message = value as { readonly [key: string]: unknown }; // an object, as just seen
  switch (message.kind) {
    case 'ready':
      return { kind: 'ready' };
    case 'failed':
      return typeof message.message === 'string' ? { kind: 'failed', message: message.message } : undefined;
    case 'connections':
      return Array.isArray(message.changes) && message.changes.every(isChange)
        ? { kind: 'connections', changes: message.changes }
        : undefined;
    case 'admit': {
      const { request, host, total, reserve, perHost } = message;
      return isInteger(request) && typeof host === 'string' && isInteger(total) && isInteger(reserve) && isInteger(perHost)
        ? { kind: 'admit', request, host, total, reserve, perHost }
        : undefined;
    }
    case 'reloaded':
      return typeof message.problem === 'string' ? { kind: 'reloaded', problem: message.problem } : { kind: 'reloaded' };
    default:
      return undefined;
  }
}

function isChange(value: unknown): value is readonly [string, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isInteger(value[1]);
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

const VERDICTS: readonly Verdict[] = ['admitted', 'total', 'host', 'reserve'];

export function parseToWorker(value: unknown): ToWorker | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  const message = value as { readonly [key: string]: unknown }; // an object, as just seen
  switch (message.kind) {
    case 'totals':
      return typeof message.open === 'number' ? { kind: 'totals', open: message.open } : undefined;
    case 'admitted': {
      const verdict = VERDICTS.find((known) => known === message.verdict);
      const { request, open } = message;
      return verdict !== undefined && isInteger(request) && isInteger(open) ? { kind: 'admitted', request, verdict, open } : undefined;
    }
    case 'reload':
    case 'begin':
    case 'take-up':
      return { kind: message.kind };
    case 'stop':
      return { kind: 'stop', isUrgent: message.isUrgent === true };
    default:
      return undefined;
  }
}
