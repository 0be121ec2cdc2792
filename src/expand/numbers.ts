/** Integers as expansions read them. Spec ch. 11 "Expansion conditions". */
import { type Octets, trimSpace, trimStart, upperCase } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

const MAX_INTEGER = (1n << 63n) - 1n;
const MIN_INTEGER = -(1n << 63n);
const SHIFTS: ReadonlyMap<string, bigint> = new Map([
  ['K', 10n],
  ['M', 20n],
  ['G', 30n],
  ['T', 40n],
]);

/** A 64-bit integer with an optional K, M or G; white space around it is allowed and an empty string is zero. */
export function parseInteger(octets: Octets): number | bigint | NotOk {
  const text = trimStart(octets);
  const match = /^([+-]?[0-9]+)([KkMmGg]?)(.*)$/s.exec(text);
  if (!match) return text === '' ? 0 : fail(`integer expected but "${text}" found`);
  const [, digits = '', unit = '', rest = ''] = match;
  const isInvalid = trimSpace(rest) !== '';
  if (!isInvalid && digits.length < 12 && unit === '') return Number.parseInt(digits, 10);
  const value = BigInt(digits.startsWith('+') ? digits.slice(1) : digits) << (SHIFTS.get(upperCase(unit)) ?? 0n);
  if (value > MAX_INTEGER || value < MIN_INTEGER) return fail(`absolute value of integer "${text}" is too large (overflow)`);
  return isInvalid ? fail(`invalid integer "${text}"`) : value;
}

/**
 * C's strtoll and an int: white space and a sign before the digits, too large a number is the largest of 64 bits, of which the low 32
 * stay. 0 for what is no number.
 */
export function wrapInteger(text: Octets): number {
  const digits = /^[\t-\r ]*\+?(-?[0-9]+)/.exec(text)?.[1] ?? '0';
  if (digits.length < 10) return Number.parseInt(digits, 10);
  const value = BigInt(digits);
  return Number(BigInt.asIntN(32, value > MAX_INTEGER ? MAX_INTEGER : value < MIN_INTEGER ? MIN_INTEGER : value)); // octets: a bigint already
}

/** Digits added up in an int: what is more than 32 bits is lost, and none are 0. */
export function wrapDigits(digits: Octets): number {
  return digits.length < 10 ? Number.parseInt(digits, 10) || 0 : Number(BigInt.asIntN(32, BigInt(digits))); // octets: a bigint already
}

export function isFailure(value: number | bigint | NotOk): value is NotOk {
  return typeof value === 'object';
}
