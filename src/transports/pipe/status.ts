/** What statuses and signals of commands could mean, as Exim words it: sysexits.h and strsignal(). */
import type { Octets } from '../../base/octets.ts';

const STATUSES: ReadonlyMap<number, Octets> = new Map([
  [64, 'usage or syntax error'],
  [65, 'error in input data'],
  [66, 'input data missing'],
  [67, 'user nonexistent'],
  [68, 'host nonexistent'],
  [69, 'service or program unavailable'],
  [70, 'internal software error'],
  [71, 'internal operating system error'],
  [72, 'system file missing'],
  [73, "can't create output file"],
  [74, 'input/output error'],
  [75, 'temporary error'],
  [76, 'protocol error'],
  [77, 'permission denied'],
  [78, 'configuration error'],
  [127, 'unable to exec or command does not exist'],
]);

const SIGNALS: ReadonlyMap<number, Octets> = new Map([
  [1, 'Hangup'],
  [2, 'Interrupt'],
  [3, 'Quit'],
  [4, 'Illegal instruction'],
  [5, 'Trace/breakpoint trap'],
  [6, 'Aborted'],
  [7, 'Bus error'],
  [8, 'Floating point exception'],
  [9, 'Killed'],
  [10, 'User defined signal 1'],
  [11, 'Segmentation fault'],
  [12, 'User defined signal 2'],
  [13, 'Broken pipe'],
  [14, 'Alarm clock'],
  [15, 'Terminated'],
  [24, 'CPU time limit exceeded'],
  [25, 'File size limit exceeded'],
]);

/** ` (could mean …)`, or nothing. From 129 on a shell tells the signal that ended its command. */
export function statusHint(status: number): Octets {
  if (status > 128 && status < 160) return ` (could mean shell command ended by signal ${status - 128}${signalName(status - 128)})`;
  const meaning = STATUSES.get(status);
  return meaning === undefined ? '' : ` (could mean ${meaning})`;
}

/** ` (Killed)`. */
export function signalName(signal: number): Octets {
  const name = SIGNALS.get(signal);
  return name === undefined ? '' : ` (${name})`;
}
