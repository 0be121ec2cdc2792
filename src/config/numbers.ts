/** Numbers in option values. Spec ch. 6 "Integer values", "Octal integer values", "Fixed point numbers". */
import type { Octets } from '../base/octets.ts';
import { trimSpace } from '../base/octets.ts';
import { sizeFactor } from '../base/size-suffix.ts';
import { commentHint } from './scan.ts';

export type NumberReading = { readonly kind: 'ok'; readonly value: number } | { readonly kind: 'error'; readonly message: string };

const MAX_INT = 2 ** 31 - 1;
const INTEGER_SUFFIXES = 'KkMmGgTt';
/** Only amounts of storage may be that large. */
const STORAGE_SUFFIXES = `${INTEGER_SUFFIXES}PpEe`;

/** Decimal, 0octal or 0xhex, then perhaps K, M, G or T. */
export function readInteger(text: Octets, name: string): NumberReading {
  const found = scanInteger(text, INTEGER_SUFFIXES);
  if (!found) return { kind: 'error', message: `integer expected for ${name}` };
  const value = found.value * (sizeFactor(found.suffix) ?? 1);
  if (Math.abs(value) > MAX_INT) return tooLarge(found.written);
  if (found.rest !== '') return { kind: 'error', message: `extra characters follow integer value for ${name}${commentHint(found.rest)}` };
  return { kind: 'ok', value };
}

/** An amount in KiB: a bare number counts KiB. */
export function readKibibytes(text: Octets, name: string): NumberReading {
  const found = scanInteger(text, STORAGE_SUFFIXES);
  if (!found) return { kind: 'error', message: `integer expected for ${name}` };
  const value = found.value * ((sizeFactor(found.suffix) ?? 2 ** 10) / 2 ** 10);
  if (!Number.isSafeInteger(value)) return tooLarge(found.written);
  if (found.rest !== '') return { kind: 'error', message: `extra characters follow integer value for ${name}${commentHint(found.rest)}` };
  return { kind: 'ok', value };
}

/** Octal whether or not it begins with 0; as any integer it may have a unit. */
export function readOctal(text: Octets, name: string): NumberReading {
  const digits = /^[0-7]+/.exec(text)?.[0];
  if (digits === undefined) return { kind: 'error', message: `octal integer expected for ${name}` };
  const next = text.slice(digits.length, digits.length + 1);
  const unit = INTEGER_SUFFIXES.includes(next) ? sizeFactor(next) : undefined;
  const value = Number.parseInt(digits, 8) * (unit ?? 1);
  if (value > MAX_INT) return tooLarge(text);
  const rest = trimSpace(text.slice(digits.length + (unit === undefined ? 0 : 1)));
  if (rest !== '') return { kind: 'error', message: `extra characters follow octal integer value for ${name}${commentHint(rest)}` };
  return { kind: 'ok', value };
}

/** Up to three decimals count, more are read and dropped. */
export function readFixed(text: Octets, name: string): NumberReading {
  const match = /^([+-]?[0-9]+)(?:\.([0-9]*))?/.exec(text);
  if (!match) return { kind: 'error', message: `fixed-point number expected for ${name}` };
  const [written, whole = '', decimals = ''] = match;
  const thousandths = Math.abs(Number.parseInt(whole, 10)) * 1000 + Number.parseInt(decimals.slice(0, 3).padEnd(3, '0'), 10);
  if (thousandths > MAX_INT || whole.startsWith('-')) return { kind: 'error', message: `integer "${written}" is too large (overflow)` };
  const rest = trimSpace(text.slice(written.length));
  if (rest !== '') return { kind: 'error', message: `extra characters follow fixed-point value for ${name}${commentHint(rest)}` };
  return { kind: 'ok', value: thousandths / 1000 };
}

interface ScannedInteger {
  readonly value: number;
  readonly suffix: string;
  readonly written: Octets;
  readonly rest: Octets;
}

function scanInteger(text: Octets, units: string): ScannedInteger | undefined {
  const match = /^([+-]?)(0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)/.exec(text);
  if (!match) return undefined;
  const [number, sign = '', digits = ''] = match;
  const next = text.slice(number.length, number.length + 1);
  const suffix = next !== '' && units.includes(next) ? next : '';
  const written = number + suffix;
  const magnitude = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number.parseInt(digits, /^0[xX]/.test(digits) ? 16 : 10);
  return { value: sign === '-' ? -magnitude : magnitude, suffix, written, rest: trimSpace(text.slice(written.length)) };
}

function tooLarge(written: Octets): NumberReading {
  return { kind: 'error', message: `absolute value of integer "${written}" is too large (overflow)` };
}
