/** Lines about a message on the queue: `Completed`, freezing, queue runs, removal. Spec ch. 53 "Completion", "Other log entries". */
import { type Octets, printable } from '../../base/octets.ts';
import type { Log } from '../../core/index.ts';
import { formatDuration } from './duration.ts';

export function completedLine(queuedMs: number, log: Log): Octets {
  return log.selected('queue_time_overall') ? `Completed QT=${formatDuration(queuedMs, log.selected('millisec'))}` : 'Completed';
}

/** `why` as `delivery error message`; without: `Frozen`. */
export function frozenLine(why?: Octets): Octets {
  return why === undefined || why === '' ? 'Frozen' : `Frozen (${printable(why)})`;
}

/** `parent`: what it was redirected from. */
export function errorIgnoredLine(address: Octets, parent: Octets | undefined): Octets {
  return `${printable(address)}${parent === undefined ? '' : ` <${printable(parent)}>`}: error ignored`;
}

export function retryTimeoutLine(address: Octets): Octets {
  return `** ${printable(address)}: retry timeout exceeded`;
}

/** The process that delivered was lost. A line that Exim does not have, so that nobody takes it for a deferral. */
export function interruptedLine(address: Octets, reason: Octets): Octets {
  return `${printable(address)}: delivery interrupted, to be tried again: ${printable(reason)}`;
}

/** `flags` as `-qf`, '' for a plain run. */
export function queueRunLine(which: 'Start' | 'Start ODMR' | 'End', pid: number, flags: Octets, queueName: Octets = ''): Octets {
  return `${which}${queueName === '' ? '' : ` '${queueName}'`} queue run: pid=${pid}${flags === '' ? '' : ` ${flags}`}`;
}
