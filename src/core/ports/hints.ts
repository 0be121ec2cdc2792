/** The hints databases. */
import type { Octets } from '../../base/octets.ts';

export type HintsName = string;

/** Keys and values are octets, as `exim_dumpdb` shows them. A store that is busy or broken reads as empty and skips writes (counted). */
export interface Hints {
  get(database: HintsName, key: Octets): Octets | undefined;
  put(database: HintsName, key: Octets, value: Octets): void;
  /** Puts `value` in place of `known` (undefined: nothing), which was read before. False, and nothing is written, when another process was faster. */
  replace(database: HintsName, key: Octets, known: Octets | undefined, value: Octets): boolean;
  delete(database: HintsName, key: Octets): void;
  /** Deletes what exists of these; one look, and no write when nothing does. */
  forget(database: HintsName, keys: readonly Octets[]): void;
  keys(database: HintsName): readonly Octets[];
  close(): void;
}
