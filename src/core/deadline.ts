/** Until when something may wait. Owned by a session, a delivery or a process; `close()` of the owner aborts it. */

export interface Deadline {
  /** Monotonic milliseconds (`Clock.monotonicMs`); Infinity for "as long as the owner lives". */
  readonly endMs: number;
  readonly signal: AbortSignal;
}

/** The same owner, but no later than `endMs`. */
export function earlier(until: Deadline, endMs: number): Deadline {
  return endMs < until.endMs ? { endMs, signal: until.signal } : until;
}

/** A deadline that never ends by itself; the controller belongs to the caller. */
export function untilAborted(signal: AbortSignal): Deadline {
  return { endMs: Number.POSITIVE_INFINITY, signal };
}
