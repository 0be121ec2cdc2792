/** `$queue_size`: how many messages are queued, as long as a daemon runs that may deliver them. Spec ch. 11 "Expansion variables". */
import type { Octets } from '../base/octets.ts';
import type { Clock, Deadline, Net } from '../core/index.ts';

/** Not counted more often. */
const FRESH_MS = 60_000;
const CONNECT_TIMEOUT_MS = 1000;

export interface QueueSizeParts {
  readonly net: Pick<Net, 'connect'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Of the daemon. */
  readonly controlSocket: Octets;
  readonly count: () => number;
}

/** What counts them; undefined without a daemon. */
export function queueSizeFrom({ net, clock, controlSocket, count }: QueueSizeParts): (until: Deadline) => Promise<number | undefined> {
  let known: { readonly size: number; readonly untilMs: number } | undefined;
  return async (until) => {
    const now = clock.monotonicMs();
    if (known !== undefined && now < known.untilMs) return known.size;
    const reached = await net.connect({ address: controlSocket, port: 0, timeoutMs: CONNECT_TIMEOUT_MS }, until);
    if (reached.kind === 'error') return undefined;
    reached.connection.close();
    known = { size: count(), untilMs: now + FRESH_MS };
    return known.size;
  };
}
