/** Runs tasks of one key one after another, and those of different keys side by side. */

export class KeyedQueue<K> {
  readonly #tails = new Map<K, Promise<unknown>>();

  /** Resolves or rejects as `task` does, which starts when all earlier ones of its key are over. */
  run<T>(key: K, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const running = before ? before.then(task, task) : task();
    const tail = running.then(noop, noop).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return running;
  }

  /** Keys with tasks that are not over. */
  get size(): number {
    return this.#tails.size;
  }
}

function noop(): void {}
