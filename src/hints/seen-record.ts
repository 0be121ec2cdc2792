/** When a key was last met: Spec ch. 44 "Previously seen user and hosts". */
import type { Octets } from '../base/octets.ts';
import { parseDecimal } from '../base/octets.ts';

export const SEEN_DATABASE = 'seen';

/** Seconds since the epoch. */
export function formatSeenRecord(atSeconds: number): Octets {
  return String(Math.floor(atSeconds));
}

/** Undefined for what we did not write. */
export function parseSeenRecord(value: Octets): number | undefined {
  return parseDecimal(value);
}

/** As `exim_dumpdb` prints a record. */
export function dumpSeenRecord(key: Octets, atSeconds: number, time: (seconds: number) => Octets): Octets {
  return `${key}\t${time(atSeconds)}\n`;
}
