/** Exim's time intervals (`2h15m`, `4d`): Spec ch. 6 "Time intervals". */
import type { Octets } from './octets.ts';

const UNITS = [
  ['w', 604800],
  ['d', 86400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;
const UNIT_SECONDS: ReadonlyMap<string, number> = new Map(UNITS);

/** Whole seconds, or undefined when malformed: every number needs its unit (w d h m s), in any order. */
export function parseTimeSpan(text: Octets): number | undefined {
  if (!/^(?:[0-9]+[wdhms])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/([0-9]+)([wdhms])/g))
    seconds += Number.parseInt(count, 10) * (UNIT_SECONDS.get(unit) ?? 0);
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** `90061` is `1d1h1m1s`; `0` is `0s`. */
export function formatTimeSpan(seconds: number): Octets {
  let rest = Math.abs(Math.trunc(seconds));
  let text = '';
  for (const [unit, unitSeconds] of UNITS) {
    const count = Math.floor(rest / unitSeconds);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitSeconds;
  }
  return `${seconds < 0 ? '-' : ''}${text === '' ? '0s' : text}`;
}
