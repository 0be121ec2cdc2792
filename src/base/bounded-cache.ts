/** A map that keeps at most `limit` entries and drops the one that was used longest ago. */

export class BoundedCache<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #onDrop: ((value: V) => void) | undefined;

  /** `onDrop` frees what a dropped value holds. */
  constructor(limit: number, onDrop?: (value: V) => void) {
    this.#limit = limit;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.shrink(this.#limit);
  }

  /** Drops the oldest until there are at most so many; one always stays. */
  shrink(limit: number): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= Math.max(limit, 1)) return;
      this.delete(key);
    }
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#onDrop?.(value);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }
}
