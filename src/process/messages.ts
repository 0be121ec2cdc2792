/** What supervisor and workers tell each other. Every message is checked on arrival: a worker that went wrong must not take the supervisor along. */

/** The exit status of a worker that asks to be started again. */
export const STARTED_AGAIN = 75;

/** How long a worker that is to stop lets sessions come to the end of their transaction, and how long it goes on in all. */
export const SESSION_GRACE_MS = 30_000;
export const WORKER_GRACE_MS = 45_000;

export type ToSupervisor =
  | { readonly kind: 'ready' }
  /** Before its end: the configuration could not be loaded, or the like. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'connections'; readonly open: number; readonly byHost: Readonly<Record<string, number>> }
  /** Asks for one of the last free places. */
  | { readonly kind: 'admit'; readonly request: number; readonly host: string }
  /** A configuration was compiled after SIGHUP, or was refused. */
  | { readonly kind: 'reloaded'; readonly problem?: string };

export type ToWorker =
  | { readonly kind: 'totals'; readonly open: number }
  | { readonly kind: 'admitted'; readonly request: number; readonly open: number; readonly fromHost: number }
  | { readonly kind: 'reload' }
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
      return typeof message.open === 'number' && isCounts(message.byHost)
        ? { kind: 'connections', open: message.open, byHost: message.byHost }
        : undefined;
    case 'admit':
      return typeof message.request === 'number' && typeof message.host === 'string'
        ? { kind: 'admit', request: message.request, host: message.host }
        : undefined;
    case 'reloaded':
      return typeof message.problem === 'string' ? { kind: 'reloaded', problem: message.problem } : { kind: 'reloaded' };
    default:
      return undefined;
  }
}

function isCounts(value: unknown): value is Readonly<Record<string, number>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((count) => typeof count === 'number');
}

export function parseToWorker(value: unknown): ToWorker | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  const message = value as { readonly [key: string]: unknown }; // an object, as just seen
  switch (message.kind) {
    case 'totals':
      return typeof message.open === 'number' ? { kind: 'totals', open: message.open } : undefined;
    case 'admitted':
      return typeof message.request === 'number' && typeof message.open === 'number' && typeof message.fromHost === 'number'
        ? { kind: 'admitted', request: message.request, open: message.open, fromHost: message.fromHost }
        : undefined;
    case 'reload':
    case 'take-up':
      return { kind: message.kind };
    case 'stop':
      return { kind: 'stop', isUrgent: message.isUrgent === true };
    default:
      return undefined;
  }
}
