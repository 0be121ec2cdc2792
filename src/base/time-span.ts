/** Exim's time intervals (`2h15m`, `4d`): Spec ch. 6 "Time intervals". */
import type { Octets } from './octets.ts';

const UNITS = [['w', 604800], ['d', 86400], ['h', 3600], ['m', 60], ['s', 1]] as const;

/** Whole seconds, or undefined when malformed. Units must come in the order w d h m s, each at most once; a bare number is refused except `0`… as Exim: seconds need `s`. */
export function parseTimeSpan(text: Octets): number | undefined {
  const match = /^(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?$/.exec(text);
  if (!match || text === '') return undefined;
  let seconds = 0;
  for (const [i, [, unitSeconds]] of UNITS.entries()) seconds += Number.parseInt(match[i + 1] ?? '0', 10) * unitSeconds;
  return seconds;
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
