/** Waiting for something to become true, with a limit: tests never sleep for a fixed time. */
import { setTimeout as pause } from 'node:timers/promises';

const INTERVAL_MS = 10;
const LIMIT_MS = 30_000;

/** Probes until there is a value, and returns it. Throws with `what` when the limit is reached. */
export async function waitFor<T>(
  what: string | (() => string),
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() >= end) throw new Error(`not seen within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`);
    await pause(INTERVAL_MS);
  }
}
