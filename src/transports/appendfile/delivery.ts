/** One delivery by appendfile: what its parts share, and how they say that it cannot be done now. */
import type { Octets } from '../../base/octets.ts';
import type { DeliveryBatch } from '../../core/drivers.ts';
import type { SystemFailure } from '../../core/ports.ts';
import type { Failing } from '../errno.ts';
import { systemFailing } from '../errno.ts';
import type { AppendfileOptions } from './options.ts';

export interface AppendDelivery {
  readonly set: AppendfileOptions;
  readonly batch: DeliveryBatch;
  /** Absolute; of the file, or of the directory without a final slash. */
  readonly path: Octets;
  /** Octets of prefix, headers, body and suffix, for quotas. */
  readonly messageBytes: number;
  /** Writes the message to an open file. */
  readonly home: Octets | undefined;
}

export type Step<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failing'; readonly failing: Failing };

export function done<T>(value: T): Step<T> {
  return { kind: 'ok', value };
}

export function failing(what: Failing): Step<never> {
  return { kind: 'failing', failing: what };
}

export function refused(failure: SystemFailure, message: Octets): Step<never> {
  return failing(systemFailing(failure, message));
}

export function isMissing(failure: SystemFailure): boolean {
  return failure.errno === 'ENOENT';
}
