import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../core/ports.ts';
import { formatCtime, formatDate, formatLogTime } from './date.ts';

const at = Date.UTC(1999, 2, 2, 9, 44, 33, 45);
const clock: Clock = {
  now: () => at,
  monotonicMs: () => 0,
  localOffsetSeconds: (zone) => (zone === 'west' ? -12_600 : 3600),
  sleep: async () => {},
};

test('dates in the zone of the clock', () => {
  assert.equal(formatDate(clock, undefined), 'Tue, 02 Mar 1999 10:44:33 +0100');
  assert.equal(formatDate(clock, 'UTC'), 'Tue, 02 Mar 1999 09:44:33 +0000');
  assert.equal(formatDate(clock, 'west'), 'Tue, 02 Mar 1999 06:14:33 -0330');
  assert.equal(formatLogTime(clock, '', at), '1999-03-02 10:44:33');
  assert.equal(formatLogTime(clock, 'UTC', at, { millis: true, withZone: true }), '1999-03-02 09:44:33.045 +0000');
  assert.equal(formatCtime(clock, 'UTC'), 'Tue Mar  2 09:44:33 1999');
});
