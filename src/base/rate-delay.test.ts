import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delaySeconds, parseRateDelay } from './rate-delay.ts';

test('settings of smtp_ratelimit_mail and smtp_ratelimit_rcpt', () => {
  const cases: readonly [text: string, expected: object | undefined][] = [
    ['2,0.5s,1.05,4m', { threshold: 2, initialSeconds: 0.5, factor: 1.05, maxSeconds: 240 }],
    ['1,5m30s,2,1h', { threshold: 1, initialSeconds: 330, factor: 2, maxSeconds: 3600 }],
    ['1,1.5m,2,1s', { threshold: 1, initialSeconds: 90, factor: 2, maxSeconds: 1 }],
    ['1,0.5s,2', undefined],
    ['1,0.5s,2,1', undefined],
    ['x,0.5s,2,1s', undefined],
    ['1,0.5,2,1s', undefined],
    ['1,0.5s,2,1s,', undefined],
    ['1 , 0.5s , 2 , 1s', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseRateDelay(text), expected, text);
});

test('delays grow from the first command over the threshold to the largest', () => {
  const setting = parseRateDelay('1,0.5s,2,1.5s');
  assert.ok(setting);
  assert.deepEqual(
    [1, 2, 3, 4, 500].map((count) => delaySeconds(setting, count)),
    [0, 0.5, 1, 1.5, 1.5],
  );
});
