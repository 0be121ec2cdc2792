/** The real clock, and offsets of time zones: IANA names through Intl, POSIX rules through our own parser (DESIGN 3.15). */
import type { Octets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Clock } from '../core/ports.ts';
import { parsePosixZone, posixOffsetSeconds } from './posix-zone.ts';

/** Zones change their offsets at multiples of a quarter of an hour. */
const offsetPeriodMs = 15 * 60_000;
const longestTimerMs = 2 ** 31 - 1;

/** Unlike performance.now(), which is from the same source, it loads nothing: a short-lived process asks the time once. */
function steadyTimeMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** Seconds east of UTC at an instant. */
type ZoneOffset = (atMs: number) => number;

interface CachedZone {
  readonly offset: ZoneOffset;
  period: number;
  seconds: number;
}

export class SystemClock implements Clock {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #zones = new Map<Octets, CachedZone>();
  /** Wall clock minus monotonic clock; set anew when they drift apart. */
  #epochMs: number | undefined;

  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#environment = environment;
  }

  now(): number {
    const coarse = Date.now();
    const steadyMs = steadyTimeMs();
    this.#epochMs ??= coarse - steadyMs;
    const fine = this.#epochMs + steadyMs;
    if (fine >= coarse && fine < coarse + 1) return fine;
    this.#epochMs = coarse - steadyMs;
    return coarse;
  }

  monotonicMs(): number {
    return performance.now();
  }

  localOffsetSeconds(zone: Octets, atMs: number): number {
    const known = this.#zones.get(zone) ?? this.#addZone(zone);
    const period = Math.floor(atMs / offsetPeriodMs);
    if (period !== known.period) {
      known.seconds = known.offset(atMs);
      known.period = period;
    }
    return known.seconds;
  }

  sleep(ms: number, until: Deadline): Promise<void> {
    const { signal } = until;
    const waitMs = Math.min(ms, until.endMs - this.monotonicMs(), longestTimerMs);
    if (waitMs <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, waitMs);
      signal.addEventListener('abort', finish);
    });
  }

  #addZone(zone: Octets): CachedZone {
    const added: CachedZone = { offset: this.#zoneOffset(zone), period: Number.NaN, seconds: 0 };
    this.#zones.set(zone, added);
    return added;
  }

  #zoneOffset(zone: Octets): ZoneOffset {
    const environmentZone = this.#environment['TZ'];
    if (zone !== '') return namedZone(zone);
    return environmentZone === undefined ? systemZone : namedZone(environmentZone);
  }
}

/** What a TZ variable names; what nobody knows is UTC, as in glibc. */
function namedZone(name: Octets): ZoneOffset {
  const zone = name.startsWith(':') ? name.slice(1) : name;
  if (/^(?:UTC|GMT|UCT)?0?$/.test(zone)) return () => 0;
  const rule = parsePosixZone(zone);
  if (rule) return (atMs) => posixOffsetSeconds(rule, atMs);
  return ianaZone(zone) ?? (() => 0);
}

/** V8 follows /etc/localtime. */
const systemZone: ZoneOffset = (atMs) => 0 - new Date(atMs).getTimezoneOffset() * 60;

function ianaZone(name: string): ZoneOffset | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset', year: 'numeric' });
  } catch {
    return undefined; // RangeError: not a zone
  }
  return (atMs) => {
    const text = format.formatToParts(atMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
    const match = /GMT([+-])(\d+):(\d+)(?::(\d+))?/.exec(text);
    if (!match) return 0;
    const seconds =
      Number.parseInt(match[2] ?? '0', 10) * 3600 + Number.parseInt(match[3] ?? '0', 10) * 60 + Number.parseInt(match[4] ?? '0', 10);
    return match[1] === '-' ? -seconds : seconds;
  };
}
