/** What a step decided. Expected results are values; only bugs and broken configuration throw. */

export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** `fail` written in the configuration. The message is Exim's, for `-be` and logs. */
  | { readonly kind: 'forced-fail'; readonly message?: string }
  /** Permanent; of an expansion: it could not be expanded. */
  | { readonly kind: 'fail'; readonly message: string }
  /** Try later: the 4xx family. */
  | { readonly kind: 'defer'; readonly message: string };

/** An outcome that carries no value: passes through any `Outcome<T>`. */
export type NotOk = Exclude<Outcome<never>, { kind: 'ok' }>;

export function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value };
}

export const forcedFail: NotOk = { kind: 'forced-fail' };

export function fail(message: string): NotOk {
  return { kind: 'fail', message };
}

export function defer(message: string): NotOk {
  return { kind: 'defer', message };
}

export function mapOutcome<A, B>(outcome: Outcome<A>, map: (value: A) => B): Outcome<B> {
  return outcome.kind === 'ok' ? ok(map(outcome.value)) : outcome;
}
