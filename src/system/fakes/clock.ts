/** Virtual time for tests: it moves only when `advance` is called, and then wakes who sleeps, in order. */
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { Clock } from '../../core/ports.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Starts at 2026-01-02 03:04:05 UTC; monotonic time starts at 0. Zones: '' and `UTC` have offset 0, others as given. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  readonly #startMs: number;
  readonly #offsets: ReadonlyMap<Octets, number>;
  #sleepers: Sleeper[] = [];

  constructor(startMs = Date.UTC(2026, 0, 2, 3, 4, 5), offsets: Readonly<Record<string, number>> = {}) {
    this.#startMs = startMs;
    this.#offsets = new Map(Object.entries(offsets));
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  localOffsetSeconds(zone: Octets): number {
    return this.#offsets.get(zone) ?? 0;
  }

  sleep(ms: number, until: Deadline): Promise<void> {
    if (until.signal.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = { atMs: Math.min(this.#elapsedMs + ms, until.endMs), wake: resolve };
      this.#sleepers.push(sleeper);
      until.signal.addEventListener('abort', () => this.#wake(sleeper), { once: true });
    });
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Moves time on; after each wake-up the woken code runs before the next one wakes. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    for (;;) {
      const next = this.#sleepers.filter((sleeper) => sleeper.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      this.#wake(next);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#elapsedMs = end;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #wake(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    sleeper.wake();
  }
}
