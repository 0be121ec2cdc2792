/** Dates: RFC 5322 s3.3 with the zone of the Clock, and the form of Exim's log and spool (`2026-11-21 13:06:00`). */
import type { Octets } from '../base/octets.ts';
import type { Clock } from '../core/ports.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** The zones in which option `timezone` says UTC. */
export function isUtcZone(zone: Octets | undefined): boolean {
  return zone === 'UTC' || zone === 'utc';
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function offsetAt(clock: Clock, zone: Octets | undefined, atMs: number): number {
  return isUtcZone(zone) ? 0 : clock.localOffsetSeconds(zone ?? '', atMs);
}

/** `+0100`. */
export function formatZone(offsetSeconds: number): Octets {
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  return `${offsetSeconds < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}${two(minutes % 60)}`;
}

/** `Sat, 21 Nov 2026 13:06:00 +0000`; `zone` is option `timezone`, undefined or '' for the system's. */
export function formatDate(clock: Clock, zone: Octets | undefined, atMs: number = clock.now()): Octets {
  const offset = offsetAt(clock, zone, atMs);
  const local = new Date(atMs + offset * 1000);
  const day = `${DAYS[local.getUTCDay()]}, ${two(local.getUTCDate())} ${MONTHS[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
  return `${day} ${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())} ${formatZone(offset)}`;
}

/** `2026-11-21 13:06:00`, with `.123` and ` +0000` on demand. */
export function formatLogTime(
  clock: Clock,
  zone: Octets | undefined,
  atMs: number,
  options: { readonly millis?: boolean; readonly withZone?: boolean } = {},
): Octets {
  const offset = offsetAt(clock, zone, atMs);
  const local = new Date(atMs + offset * 1000);
  const date = `${local.getUTCFullYear()}-${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`;
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const millis = options.millis === true ? `.${String(local.getUTCMilliseconds()).padStart(3, '0')}` : '';
  return `${date} ${time}${millis}${options.withZone === true ? ` ${formatZone(offset)}` : ''}`;
}

/** `Sat Nov 21 13:06:00 2026`: ctime's form, of `From ` lines. */
export function formatCtime(clock: Clock, zone: Octets | undefined, atMs: number = clock.now()): Octets {
  const local = new Date(atMs + offsetAt(clock, zone, atMs) * 1000);
  const day = String(local.getUTCDate()).padStart(2, ' ');
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  return `${DAYS[local.getUTCDay()]} ${MONTHS[local.getUTCMonth()]} ${day} ${time} ${local.getUTCFullYear()}`;
}
