import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemClock } from './clock.ts';
import { parsePosixZone, posixOffsetSeconds } from './posix-zone.ts';

const hour = 3600;

test('offsets of zones at instants', () => {
  const clock = new SystemClock({});
  const winter = '2026-01-15T12:00:00Z';
  const summer = '2026-07-15T12:00:00Z';
  const cases: readonly (readonly [string, string, number])[] = [
    ['UTC', winter, 0],
    ['UTC0', summer, 0],
    ['GMT', summer, 0],
    ['Europe/Berlin', winter, hour],
    ['Europe/Berlin', summer, 2 * hour],
    ['Asia/Kolkata', winter, 5.5 * hour],
    ['America/St_Johns', winter, -3.5 * hour],
    ['EST5EDT,M3.2.0,M11.1.0', winter, -5 * hour],
    ['EST5EDT,M3.2.0,M11.1.0', summer, -4 * hour],
    ['EST5EDT', summer, -4 * hour],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-03-29T00:59:59Z', hour],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-03-29T01:00:00Z', 2 * hour],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-10-25T00:59:59Z', 2 * hour],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-10-25T01:00:00Z', hour],
    ['AEST-10AEDT,M10.1.0,M4.1.0/3', winter, 11 * hour],
    ['AEST-10AEDT,M10.1.0,M4.1.0/3', summer, 10 * hour],
    ['<+0330>-3:30', winter, 3.5 * hour],
    ['JST-9', winter, 9 * hour],
    [':Asia/Tokyo', winter, 9 * hour],
    ['No/Such_Zone', winter, 0],
  ];
  for (const [zone, at, expected] of cases) assert.equal(clock.localOffsetSeconds(zone, Date.parse(at)), expected, `${zone} at ${at}`);
});

test('the empty zone is that of TZ, else the system’s', () => {
  const at = Date.parse('2026-07-15T12:00:00Z');
  assert.equal(new SystemClock({ TZ: 'EST5EDT' }).localOffsetSeconds('', at), -4 * hour);
  assert.equal(new SystemClock({ TZ: '' }).localOffsetSeconds('', at), 0);
  assert.equal(new SystemClock({}).localOffsetSeconds('', at), 0 - new Date(at).getTimezoneOffset() * 60);
});

test('rules by day of the year, and what is no rule', () => {
  const julian = parsePosixZone('AAA0BBB,J60/0,J300/0');
  const zeroBased = parsePosixZone('AAA0BBB,59/0,300/0');
  assert.ok(julian && zeroBased);
  // J60 is always 1 March; 59 is 29 February in a leap year
  assert.equal(posixOffsetSeconds(julian, Date.parse('2028-02-29T12:00:00Z')), 0);
  assert.equal(posixOffsetSeconds(julian, Date.parse('2028-03-01T00:00:00Z')), hour);
  assert.equal(posixOffsetSeconds(zeroBased, Date.parse('2028-02-29T12:00:00Z')), hour);
  for (const text of [
    '',
    'Europe/Berlin',
    'EST',
    'E5',
    'EST5EDT,M13.1.0,M11.1.0',
    'EST5EDT,M3.6.0,M11.1.0',
    'EST5EDT,M3.2.0',
    'EST5EDT,J0,J1',
    'EST5EDT,366,1',
  ]) {
    assert.equal(parsePosixZone(text), undefined, text);
  }
});

test('now has fractions, follows the wall clock and does not go back', () => {
  const clock = new SystemClock();
  let last = clock.now();
  for (let i = 0; i < 10_000; i++) {
    const now = clock.now();
    assert.ok(now >= last - 1 && Math.abs(now - Date.now()) < 50);
    last = now;
  }
  assert.ok(Array.from({ length: 100 }, () => clock.now() % 1).some((fraction) => fraction > 0));
});

test('sleep ends by time, by the deadline and by its owner', async () => {
  const clock = new SystemClock();
  const controller = new AbortController();
  const started = clock.monotonicMs();
  await clock.sleep(5, { endMs: Number.POSITIVE_INFINITY, signal: controller.signal });
  assert.ok(clock.monotonicMs() - started >= 4);
  await clock.sleep(60_000, { endMs: clock.monotonicMs() + 5, signal: controller.signal });
  const sleeping = clock.sleep(60_000, { endMs: Number.POSITIVE_INFINITY, signal: controller.signal });
  controller.abort();
  await sleeping;
  await clock.sleep(60_000, { endMs: Number.POSITIVE_INFINITY, signal: controller.signal });
  assert.ok(clock.monotonicMs() - started < 10_000);
});
