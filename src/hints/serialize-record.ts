/** How many of something run at once, in the database `misc`: ETRN commands, connections to a host. Spec ch. 49 "The ETRN command". */
import type { Octets } from '../base/octets.ts';
import type { Clock, Hints } from '../core/ports.ts';

export const MISC_DATABASE = 'misc';

/** Who did not come to its end within this time is forgotten. */
const MAX_AGE_SECONDS = 6 * 3600;

export interface SerializeRecord {
  readonly atSeconds: number;
  readonly running: number;
}

export function formatSerializeRecord({ atSeconds, running }: SerializeRecord): Octets {
  return `${Math.floor(atSeconds)} ${running}`;
}

/** Undefined for what we did not write. */
export function parseSerializeRecord(value: Octets): SerializeRecord | undefined {
  const match = /^([0-9]{1,15}) ([0-9]{1,9})$/.exec(value);
  return match ? { atSeconds: Number.parseInt(match[1] ?? '', 10), running: Number.parseInt(match[2] ?? '', 10) } : undefined;
}

/** As `exim_dumpdb` prints a record. */
export function dumpSerializeRecord(key: Octets, record: SerializeRecord, time: (seconds: number) => Octets): Octets {
  return `${time(record.atSeconds)} ${key}\nserialize ${key.split('-')[0]}: ${record.running} running\n`;
}

/** False when `limit` of them run already; else it counts, and must be ended. */
export function beginSerialized(hints: Hints, clock: Clock, key: Octets, limit = 1): boolean {
  const now = clock.now() / 1000;
  const record = parseSerializeRecord(hints.get(MISC_DATABASE, key) ?? '');
  const running = record !== undefined && now - record.atSeconds < MAX_AGE_SECONDS ? record.running : 0;
  if (running >= limit) return false;
  hints.put(MISC_DATABASE, key, formatSerializeRecord({ atSeconds: now, running: running + 1 }));
  return true;
}

export function endSerialized(hints: Hints, clock: Clock, key: Octets): void {
  const record = parseSerializeRecord(hints.get(MISC_DATABASE, key) ?? '');
  if (record === undefined) return;
  if (record.running <= 1) hints.delete(MISC_DATABASE, key);
  else hints.put(MISC_DATABASE, key, formatSerializeRecord({ atSeconds: clock.now() / 1000, running: record.running - 1 }));
}
