/** The numbers in `defer (13): Permission denied: …`: errno's of the system, and Exim's own negative ones, which logs and `exinext` show. */
import { constants } from 'node:os';
import type { Octets } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import type { DeliveryResult, RetryError } from '../core/drivers.ts';
import type { SystemFailure } from '../core/ports.ts';

/** Exim's own numbers, by what they say. */
export const eximErrno = {
  unknown: -1,
  wrongOwner: -6,
  wrongMode: -7,
  notRegular: -8,
  lockFailed: -9,
  closed: -18,
  badReply: -19,
  notAbsolute: -21,
  quota: -22,
  filter: -24,
  expansion: -27,
  noTransport: -30,
  badCreate: -34,
  tlsRequired: -38,
  tlsFailure: -37,
  authFailed: -42,
  authProblem: -48,
  rcpt4xx: -44,
  mail4xx: -45,
  data4xx: -46,
  retryNotReached: -53,
  hostRetryNotReached: -54,
} as const;

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.errno));

/** 0 for a name that this system does not have. */
export function errnoNumber(name: string): number {
  return numbers.get(name) ?? 0;
}

export interface Failing {
  readonly message: Octets;
  readonly number?: number;
  readonly reason?: Octets;
  readonly error?: RetryError;
  readonly isFreeze?: boolean;
  /** As in DeliveryResult. */
  readonly isPanic?: boolean;
}

/** A deferred address because the system refused; `message` tells what was tried. */
export function systemFailing(failure: SystemFailure, message: Octets): Failing {
  return { message, number: errnoNumber(failure.errno), reason: failure.reason };
}

export function deferredResult(address: Address, failing: Failing): DeliveryResult {
  return {
    address,
    kind: 'deferred',
    message: failing.message,
    ...(failing.number === undefined ? {} : { errorNumber: failing.number }),
    ...(failing.reason === undefined ? {} : { errorReason: failing.reason }),
    ...(failing.error === undefined ? {} : { error: failing.error }),
    ...(failing.isFreeze === true ? { isFreeze: true } : {}),
    ...(failing.isPanic === true ? { isPanic: true } : {}),
  };
}
