/** K, M, G, T, P and E behind a number, in either case. */
import type { Octets } from './octets.ts';
import { upperCase } from './octets.ts';

const POWERS: ReadonlyMap<Octets, number> = new Map([
  ['K', 1],
  ['M', 2],
  ['G', 3],
  ['T', 4],
  ['P', 5],
  ['E', 6],
]);

/** What the suffix multiplies by; undefined for any other text. Which of them may stand is left to the caller. */
export function sizeFactor(suffix: Octets): number | undefined {
  const power = POWERS.get(upperCase(suffix));
  return power === undefined ? undefined : 1024 ** power;
}
