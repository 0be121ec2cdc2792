/** Synchronous unless it did I/O. Only in `expand/`, `lists/`, `lookups/` and the call of an ACL condition (an all-async expression runs 6 times slower). */
import type { Outcome } from './outcome.ts';

export type MaybePromise<T> = T | Promise<T>;

/** Like `then`, but stays synchronous when `value` already is. */
export function chain<A, B>(value: MaybePromise<A>, next: (a: A) => MaybePromise<B>): MaybePromise<B> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** `chain` for outcomes: what is not `ok` passes through unchanged. */
export function chainOk<A, B>(value: MaybePromise<Outcome<A>>, next: (a: A) => MaybePromise<Outcome<B>>): MaybePromise<Outcome<B>> {
  if (value instanceof Promise) return value.then((outcome) => (outcome.kind === 'ok' ? next(outcome.value) : outcome));
  return value.kind === 'ok' ? next(value.value) : value;
}

/**
 * Runs `step` over the items in order until it returns something other than undefined (a loop, not recursion: 10,000 items do not
 * grow the stack). Undefined when every step returned undefined.
 */
export function chainEach<T, R>(
  items: readonly T[],
  step: (item: T, index: number) => MaybePromise<R | undefined>,
  from = 0,
): MaybePromise<R | undefined> {
  for (let i = from; i < items.length; i++) {
    const result = step(items[i] as T, i); // i is below length
    if (result instanceof Promise) return continueEach(result, items, step, i);
    if (result !== undefined) return result;
  }
  return undefined;
}

async function continueEach<T, R>(
  pending: Promise<R | undefined>,
  items: readonly T[],
  step: (item: T, index: number) => MaybePromise<R | undefined>,
  index: number,
): Promise<R | undefined> {
  const first = await pending;
  if (first !== undefined) return first;
  for (let i = index + 1; i < items.length; i++) {
    const result = await step(items[i] as T, i); // i is below length
    if (result !== undefined) return result;
  }
  return undefined;
}
