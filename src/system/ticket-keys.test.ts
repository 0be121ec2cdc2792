import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTicketSecret, TicketKeys, takeTicketSecret } from './ticket-keys.ts';

test('who has the secret has the keys, another each hour', () => {
  const secret = Buffer.alloc(32, 7);
  const [a, b, other] = [new TicketKeys(secret), new TicketKeys(secret), new TicketKeys()];
  const period = a.period(3_600_000 * 5);
  assert.equal(a.period(3_600_000 * 6 - 1), period);
  assert.equal(a.period(3_600_000 * 6), period + 1);
  assert.equal(a.ofPeriod(period).length, 48);
  assert.deepEqual(a.ofPeriod(period), b.ofPeriod(period));
  assert.notDeepEqual(a.ofPeriod(period), a.ofPeriod(period + 1));
  assert.notDeepEqual(a.ofPeriod(period), other.ofPeriod(period));
});

test('the secret is taken out of the environment', () => {
  for (const [name, value] of Object.entries(newTicketSecret())) process.env[name] = value;
  assert.equal(takeTicketSecret()?.length, 32);
  assert.equal(takeTicketSecret(), undefined);
});
