/** Time zone rules as in a TZ variable (`EST5EDT,M3.2.0,M11.1.0`). POSIX.1-2024 Base Definitions ch. 8.3. */

export interface PosixZone {
  /** Seconds east of UTC. */
  readonly standardSeconds: number;
  readonly summer: SummerTime | undefined;
}

interface SummerTime {
  readonly offsetSeconds: number;
  readonly from: ChangeDate;
  readonly to: ChangeDate;
}

/** A day of the year, and the local time of the change. */
interface ChangeDate {
  readonly day:
    | { readonly kind: 'month'; readonly month: number; readonly week: number; readonly weekday: number }
    /** 1–365, 29 February is never counted. */
    | { readonly kind: 'julian'; readonly day: number }
    /** 0–365, 29 February is counted. */
    | { readonly kind: 'zero-based'; readonly day: number };
  readonly timeSeconds: number;
}

const name = '(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)';
const offset = '[+-]?\\d{1,3}(?::\\d{2}(?::\\d{2})?)?';
const zonePattern = new RegExp(`^${name}(${offset})(?:(${name})(${offset})?(?:,([^,]+),([^,]+))?)?$`);
const monthPattern = /^M(\d{1,2})\.([1-5])\.([0-6])$/;
const defaultFrom = 'M3.2.0';
const defaultTo = 'M11.1.0';
const daySeconds = 86_400;

/** Undefined when the text is no such rule (it may be the name of a zone). */
export function parsePosixZone(text: string): PosixZone | undefined {
  const match = zonePattern.exec(text);
  if (!match) return undefined;
  const standardSeconds = 0 - clockSeconds(match[1] ?? '');
  if (match[2] === undefined) return { standardSeconds, summer: undefined };
  const from = parseChange(match[4] ?? defaultFrom);
  const to = parseChange(match[5] ?? defaultTo);
  if (!from || !to) return undefined;
  const offsetSeconds = match[3] === undefined ? standardSeconds + 3600 : 0 - clockSeconds(match[3]);
  return { standardSeconds, summer: { offsetSeconds, from, to } };
}

export function posixOffsetSeconds(zone: PosixZone, atMs: number): number {
  const { summer, standardSeconds } = zone;
  if (!summer) return standardSeconds;
  const at = Math.floor(atMs / 1000);
  const year = new Date((at + standardSeconds) * 1000).getUTCFullYear();
  const from = changeSeconds(summer.from, year) - standardSeconds;
  const to = changeSeconds(summer.to, year) - summer.offsetSeconds;
  // in the southern hemisphere summer time begins after it ends
  const isSummer = from < to ? at >= from && at < to : at >= from || at < to;
  return isSummer ? summer.offsetSeconds : standardSeconds;
}

function parseChange(text: string): ChangeDate | undefined {
  const [date = '', time = '2', extra] = text.split('/');
  if (extra !== undefined || !new RegExp(`^${offset}$`).test(time)) return undefined;
  const timeSeconds = clockSeconds(time);
  const month = monthPattern.exec(date);
  if (month) {
    const [, number = '', week = '', weekday = ''] = month;
    const value = { month: Number.parseInt(number, 10), week: Number.parseInt(week, 10), weekday: Number.parseInt(weekday, 10) };
    return value.month >= 1 && value.month <= 12 ? { day: { kind: 'month', ...value }, timeSeconds } : undefined;
  }
  const dayMatch = /^(J?)(\d{1,3})$/.exec(date);
  if (!dayMatch) return undefined;
  const day = Number.parseInt(dayMatch[2] ?? '', 10);
  const isJulian = dayMatch[1] === 'J';
  if (day > 365 || (isJulian && day === 0)) return undefined;
  return { day: { kind: isJulian ? 'julian' : 'zero-based', day }, timeSeconds };
}

/** The local time of a change, as if it were UTC. */
function changeSeconds(change: ChangeDate, year: number): number {
  return dayOf(change, year) * daySeconds + change.timeSeconds;
}

/** Days since the epoch. */
function dayOf({ day }: ChangeDate, year: number): number {
  switch (day.kind) {
    case 'zero-based':
      return days(year, 0, 1) + day.day;
    case 'julian': {
      const isLeap = days(year, 2, 1) - days(year, 1, 1) === 29;
      return days(year, 0, 1) + day.day - 1 + (isLeap && day.day >= 60 ? 1 : 0);
    }
    case 'month': {
      const first = days(year, day.month - 1, 1);
      const firstWeekday = (((first + 4) % 7) + 7) % 7; // the epoch was a Thursday
      const wanted = first + ((day.weekday - firstWeekday + 7) % 7) + (day.week - 1) * 7;
      return wanted < days(year, day.month, 1) ? wanted : wanted - 7; // week 5 is the last one
    }
  }
}

function days(year: number, month: number, day: number): number {
  return Date.UTC(year, month, day) / 1000 / daySeconds;
}

/** `[+-]hh[:mm[:ss]]` */
function clockSeconds(text: string): number {
  const [hours = '0', minutes = '0', seconds = '0'] = text.replace(/^[+-]/, '').split(':');
  const total = Number.parseInt(hours, 10) * 3600 + Number.parseInt(minutes, 10) * 60 + Number.parseInt(seconds, 10);
  return text.startsWith('-') ? -total : total;
}
