/** Numbers in bases 32 and 62, and base64. Spec ch. 11 "Expansion operators", RFC 4648 s4. */
import type { Octets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const MAX_UNSIGNED = (1n << 64n) - 1n;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Without leading zeros; zero is nothing. */
export function toBase32(text: Octets): Octets | NotOk {
  const value = unsignedValue(text);
  return value === undefined ? notDecimal('base32', text) : write(value, BASE32);
}

export function fromBase32(text: Octets): Octets | NotOk {
  const value = read(text, BASE32);
  return value === undefined
    ? fail(`argument for base32d operator is "${text}", which is not a base 32 number`)
    : BigInt.asIntN(64, value).toString();
}

/** Six digits, as in message ids. */
export function toBase62Digits(text: Octets): Octets | NotOk {
  const value = unsignedValue(text);
  return value === undefined ? notDecimal('base62', text) : write(value, BASE62).padStart(6, '0').slice(-6);
}

export function fromBase62Digits(text: Octets): Octets | NotOk {
  const value = read(text, BASE62);
  return value === undefined
    ? fail(`argument for base62d operator is "${text}", which is not a base 62 number`)
    : BigInt.asIntN(64, value).toString();
}

/** As C's strtoull: white space and a sign may stand before it, a negative one wraps, too large a one is the largest. */
function unsignedValue(text: Octets): bigint | undefined {
  const match = /^[\t-\r ]*([+-]?)([0-9]+)$/.exec(text);
  if (!match) return text === '' ? 0n : undefined;
  const value = BigInt(match[2] ?? '0');
  if (value > MAX_UNSIGNED) return MAX_UNSIGNED;
  return match[1] === '-' ? BigInt.asUintN(64, -value) : value;
}

function notDecimal(name: string, text: Octets): NotOk {
  return fail(`argument for ${name} operator is "${text}", which is not a decimal number`);
}

function write(value: bigint, digits: string): Octets {
  const base = BigInt(digits.length);
  let text = '';
  for (let rest = value; rest > 0n; rest /= base) text = (digits[Number(rest % base)] ?? '') + text; // octets: a number already
  return text;
}

function read(text: Octets, digits: string): bigint | undefined {
  const base = BigInt(digits.length);
  let value = 0n;
  for (const char of text) {
    const digit = digits.indexOf(char);
    if (digit < 0) return undefined;
    value = BigInt.asUintN(64, value * base + BigInt(digit));
  }
  return value;
}

/** Undefined when it is not well-formed; white space in it does not matter. */
export function decodeBase64(text: Octets): Octets | undefined {
  const packed = text.replace(/[\t-\r ]+/g, '');
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
  return Buffer.from(packed, 'base64').toString('latin1');
}
