/** Hints in memory, for tests. */
import type { Octets } from '../../base/octets.ts';
import type { Hints, HintsName } from '../../core/ports.ts';

export class MemoryHints implements Hints {
  readonly #databases = new Map<HintsName, Map<Octets, Octets>>();

  get(database: HintsName, key: Octets): Octets | undefined {
    return this.#databases.get(database)?.get(key);
  }

  put(database: HintsName, key: Octets, value: Octets): void {
    let entries = this.#databases.get(database);
    if (!entries) {
      entries = new Map();
      this.#databases.set(database, entries);
    }
    entries.set(key, value);
  }

  replace(database: HintsName, key: Octets, known: Octets | undefined, value: Octets): boolean {
    if (this.get(database, key) !== known) return false;
    this.put(database, key, value);
    return true;
  }

  delete(database: HintsName, key: Octets): void {
    this.#databases.get(database)?.delete(key);
  }

  forget(database: HintsName, keys: readonly Octets[]): void {
    for (const key of keys) this.delete(database, key);
  }

  keys(database: HintsName): readonly Octets[] {
    return [...(this.#databases.get(database)?.keys() ?? [])];
  }

  close(): void {
    this.#databases.clear();
  }
}
