/** `verify = header_syntax`: what is said of a malformed address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findHeaderSyntaxError } from '../../src/acl/verify/headers.ts';
import type { Octets } from '../../src/base/octets.ts';

const NOTHING_MORE = { unqualifiedSender: false, unqualifiedRecipient: false, domainLiterals: false };

test('the address as far as it is told, and what is wrong with it', () => {
  const many = (count: number) => Array.from({ length: count }, () => 'bad@address').join(';');
  const problem = ';bad@address;bad@address;bad@add may not follow bad@address';
  const cases: readonly (readonly [value: Octets, told: Octets | undefined])[] = [
    [' a@b.c, D <d@e.f>', undefined],
    [' a b@c', 'missing or malformed local part (expected word or "<"): failing address in "To:" header is: a b@c'],
    [' x@y, a@b ;c', 'malformed address: ;c\\n may not follow a@b : failing address in "To:" header is: a@b ;c'],
    [' (c) a@b;c', 'malformed address: ;c\\n may not follow (c) a@b: failing address in "To:" header is: (c) a@b;c'],
    [' unq', 'unqualified address not permitted: failing address in "To:" header is: unq'],
    [` ${many(85)}`, `malformed address: ${problem}: failing address in "To:" header is: ${many(85)}`],
    [` ${many(90)}`, `malformed address: ${problem}: failing address in "To:" header begins: ${many(90).slice(0, 1024)}`],
  ];
  for (const [value, told] of cases)
    assert.equal(findHeaderSyntaxError([{ type: 'T', text: `To:${value}\n` }], NOTHING_MORE), told, value.slice(0, 40));
});
