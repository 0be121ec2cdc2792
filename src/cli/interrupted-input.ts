/** Standard input that SIGTERM and SIGINT break off: what was read is no message then. */
import { onSignal } from '../system/processes.ts';

/** Throws `SIGTERM received` at the next piece, or while it is waited for. */
export async function* endedBySignals(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let received: string | undefined;
  let wake = () => {};
  const interrupted = new Promise<void>((resolve) => {
    wake = resolve;
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    onSignal(signal, () => {
      received = signal;
      wake();
    });
  const iterator = input[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), interrupted]);
    if (next === undefined || received !== undefined) throw new Error(`${received} received`);
    if (next.done === true) return;
    yield next.value;
  }
}
