/**
 * Measured rates: an exponentially weighted average of what happened a period, and the set of different events behind it.
 * Spec ch. 44 "Rate limiting incoming messages", "Limiting the rate of different events".
 */
import { createHash } from 'node:crypto';
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromBytes } from '../base/octets.ts';

export const RATE_DATABASE = 'ratelimit';

/** Events that were counted since `epochSeconds`: a Bloom filter, so that its size does not depend on what clients send. */
export interface SeenEvents {
  readonly epochSeconds: number;
  readonly filter: Octets;
}

export interface RateRecord {
  /** When the rate was measured, with microseconds. */
  readonly atSeconds: number;
  /** Events a period. */
  readonly rate: number;
  readonly events?: SeenEvents | undefined;
}

const FORM = /^([0-9]+\.[0-9]{6}) ([0-9.e+-]+)(?: ([0-9]+) ([^]*))?$/;

export function formatRateRecord({ atSeconds, rate, events }: RateRecord): Octets {
  const head = `${atSeconds.toFixed(6)} ${rate}`;
  return events === undefined ? head : `${head} ${events.epochSeconds} ${events.filter}`;
}

/** Undefined for what we did not write. */
export function parseRateRecord(value: Octets): RateRecord | undefined {
  const found = FORM.exec(value);
  if (!found) return undefined;
  const [, at = '', rate = '', epoch, filter = ''] = found;
  const record = { atSeconds: Number.parseFloat(at), rate: Number.parseFloat(rate) };
  if (!Number.isFinite(record.rate)) return undefined;
  return epoch === undefined ? record : { ...record, events: { epochSeconds: Number.parseInt(epoch, 10), filter } };
}

/** As `exim_dumpdb` prints a record; `time` formats whole seconds as `21-Nov-2026 13:31:19`. */
export function dumpRateRecord(key: Octets, record: RateRecord, time: (seconds: number) => Octets): Octets {
  const seconds = Math.floor(record.atSeconds);
  const micros = String(Math.round((record.atSeconds - seconds) * 1e6)).padStart(6, '0');
  const { events } = record;
  const set = events === undefined ? '' : ` epoch: ${time(events.epochSeconds)} size: ${events.filter.length}`;
  return `${time(seconds)}.${micros} rate: ${record.rate.toFixed(3).padStart(10)}${set} key: ${key}\n`;
}

/** Intervals shorter than this count as this long. */
const SHORTEST_SECONDS = 1e-9;

/**
 * The rate after `count` more events: the old one decays by e^(-interval/period), the new events weigh the rest. One burst is never measured
 * as less than its own events. Without an old record the rate is the count.
 */
export function nextRate(before: RateRecord | undefined, count: number, atSeconds: number, periodSeconds: number): number {
  if (before === undefined) return count;
  const periods = Math.max(atSeconds - before.atSeconds, SHORTEST_SECONDS) / periodSeconds;
  const measured = count * (-Math.expm1(-periods) / periods) + before.rate * Math.exp(-periods);
  return Math.max(measured, count);
}

/** Octets of the filter for an event: enough for one false positive in a thousand while the rate is below the limit. */
const OCTETS_AN_EVENT = 2;
const SMALLEST_FILTER = 40;
const LARGEST_FILTER = 1 << 20;
const HASHES = 8;

export function emptyEvents(limit: number, nowSeconds: number): SeenEvents {
  const wanted = Number.isFinite(limit) ? OCTETS_AN_EVENT * Math.trunc(limit) : 0;
  const size = Math.min(LARGEST_FILTER, Math.max(SMALLEST_FILTER, wanted));
  return { epochSeconds: Math.floor(nowSeconds), filter: '\0'.repeat(size) };
}

/** Undefined: the event was (most probably) counted before. */
export function withEvent(events: SeenEvents, event: Octets): SeenEvents | undefined {
  const filter = bytesFromOctets(events.filter);
  const digest = createHash('sha256').update(bytesFromOctets(event)).digest();
  let isNew = false;
  for (let index = 0; index < HASHES; index++) {
    const bit = digest.readUInt32BE(index * 4) % (filter.length * 8);
    const mask = 1 << (bit & 7);
    const octet = filter[bit >> 3] ?? 0;
    if ((octet & mask) !== 0) continue;
    isNew = true;
    filter[bit >> 3] = octet | mask;
  }
  return isNew ? { ...events, filter: octetsFromBytes(filter) } : undefined;
}
