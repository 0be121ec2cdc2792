/** `2,0.5s,1.05,4m`: after how many commands a client is slowed down, by how much, and how the delay grows. Spec ch. 14 "smtp_ratelimit_hosts". */
import type { Octets } from './octets.ts';

export interface RateDelay {
  readonly threshold: number;
  readonly initialSeconds: number;
  readonly factor: number;
  readonly maxSeconds: number;
}

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]);

/** Undefined when it is malformed. */
export function parseRateDelay(text: Octets): RateDelay | undefined {
  const match = /^([0-9]+),([0-9.wdhms]+),([0-9]+(?:\.[0-9]*)?),([0-9.wdhms]+)$/.exec(text);
  if (!match) return undefined;
  const [, threshold = '', initial = '', factor = '', max = ''] = match;
  const initialSeconds = fractionalSeconds(initial);
  const maxSeconds = fractionalSeconds(max);
  if (initialSeconds === undefined || maxSeconds === undefined) return undefined;
  return { threshold: Number.parseInt(threshold, 10), initialSeconds, factor: Number.parseFloat(factor), maxSeconds };
}

/** A time as elsewhere, but numbers may have decimals: `1m0.5s`. */
function fractionalSeconds(text: Octets): number | undefined {
  if (!/^(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+(?:\.[0-9]*)?s)?$|^[0-9]+\.[0-9]*[wdhms]$/.test(text) || text === '')
    return undefined;
  let seconds = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/([0-9]+(?:\.[0-9]*)?)([wdhms])/g))
    seconds += Number.parseFloat(amount) * (UNIT_SECONDS.get(unit) ?? 0);
  return seconds;
}

/** Seconds that the command with this number (from 1) is held up; 0 for none. */
export function delaySeconds({ threshold, initialSeconds, factor, maxSeconds }: RateDelay, count: number): number {
  return count <= threshold ? 0 : Math.min(initialSeconds * factor ** (count - threshold - 1), maxSeconds);
}
