/** Recipients in transactions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../core/address.ts';
import { splitRecipients } from './split-recipients.ts';

const none = Number.POSITIVE_INFINITY;

test('recipients are split by their number and by that of their domains', () => {
  for (const [recipients, domains, expected] of [
    [none, none, 'a1 b1 a2 c1 b2'],
    [2, none, 'a1 b1|a2 c1|b2'],
    [none, 1, 'a1 a2|b1 b2|c1'],
    [none, 2, 'a1 a2 b1 b2|c1'],
    [1, 2, 'a1|a2|b1|b2|c1'],
    [3, 2, 'a1 a2 b1|b2 c1'],
  ] as const) {
    const addresses = ['a1', 'b1', 'a2', 'c1', 'b2'].map((name) => ({ address: name, domain: name[0] }) as Address); // no more is looked at
    const groups = splitRecipients(addresses, { recipients, domains });
    assert.equal(groups.map((group) => group.map(({ address }) => address).join(' ')).join('|'), expected);
  }
  assert.deepEqual(splitRecipients([], { recipients: 1, domains: 1 }), []);
});
