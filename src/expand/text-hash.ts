/** The two old hash functions of Exim, found by asking it: `hash` and `nhash`. Spec ch. 11 "Expansion items". */
import { bytesFromOctets, type Octets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

/** `s` and `t` stand the wrong way round in Exim's table, and must in ours. */
const HASH_CHARACTERS = 'abcdefghijklmnopqrtsuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
export const defaultHashLimit = 26;

/** A string of `length` of the first `limit` letters and digits; a text that is not longer stays as it is. */
export function textHash(text: Octets, length: number, limit: number): Octets | NotOk {
  if (length < 0) return fail(`"${length}" is not a positive number (in "hash" expansion)`);
  if (limit > HASH_CHARACTERS.length) return fail(`hash count "${limit}" too big`);
  if (length >= text.length) return text;
  if (limit < 1) return '';
  const folded = bytesFromOctets(text.slice(0, length));
  if (length > 0)
    for (let i = length; i < text.length; i++) folded[i % length] = (folded[i % length] ?? 0) ^ rotated(text.charCodeAt(i), i);
  return [...folded].map((byte) => HASH_CHARACTERS[byte % limit]).join('');
}

function rotated(octet: number, position: number): number {
  const bits = (octet + position) & 7;
  return ((octet << bits) | (octet >> (8 - bits))) & 0xff;
}

const PRIMES = [
  113, 109, 107, 103, 101, 97, 89, 83, 79, 73, 71, 67, 61, 59, 53, 47, 43, 41, 37, 31, 29, 23, 19, 17, 13, 11, 7, 5, 3,
] as const;

/** `n` below `first`, or `n/m` with `m` below `second`; all in 32 bits without a sign, as in Exim. */
export function numericHash(text: Octets, first: number, second: number | undefined): Octets | NotOk {
  if (first === 0 || (second !== undefined && second < 1)) return fail('the numbers of "nhash" must be greater than zero');
  let total = 0;
  for (let i = 0; i < text.length; i++) total += text.charCodeAt(i) * (PRIMES[i % PRIMES.length] ?? 1);
  if (second === undefined) return String((total >>> 0) % (first >>> 0));
  const product = (total >>> 0) % (Math.imul(first, second) >>> 0);
  return `${Math.trunc(product / second)}/${product % second}`;
}
