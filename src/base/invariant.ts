/** For what cannot happen: ends the connection or the delivery, not the daemon. */

export class InvariantError extends Error {
  override name = 'InvariantError';
}

export function invariant(condition: unknown, whatMustHold: string): asserts condition {
  if (!condition) throw new InvariantError(whatMustHold);
}

/** The end of an exhaustive `switch` over a union. */
export function assertNever(value: never): never {
  throw new InvariantError(`unexpected value: ${JSON.stringify(value)}`);
}
