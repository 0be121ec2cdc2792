import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRetryRecord } from '../hints/retry-record.ts';
import { formatSeenRecord } from '../hints/seen-record.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryHints } from '../system/fakes/hints.ts';
import { runEximTidydb } from './exim_tidydb.ts';

function tidy(args: readonly string[]) {
  const clock = new FakeClock();
  const hints = new MemoryHints();
  const now = clock.now() / 1000;
  for (const [key, days] of Object.entries({ new: 0, week: 7, month: 31 })) hints.put('seen', key, formatSeenRecord(now - days * 86400));
  hints.put('wait-smtp', 'host', '1aaaaa-00000000001-0001');
  hints.put('wait-smtp', 'gone', '1aaaaa-00000000009-0001 1aaaaa-000009-00');
  hints.put('wait-smtp', 'partly', '1aaaaa-00000000009-0001 1aaaaa-000001-00');
  const failing = { errorNumber: -46, error: { name: 'data_4xx', detail: 'A', more: 51 }, isExpired: false, text: '' };
  for (const key of ['T:h:192.0.2.1:25', 'T:h:192.0.2.1:25:1aaaaa-000009-00', 'T:h:192.0.2.1:25:1aaaaa-00000000001-0001'])
    hints.put('retry', key, formatRetryRecord({ ...failing, firstFailed: now, lastTry: now, nextTry: now }));
  let out = '';
  let error = '';
  const kept = { ...closable(hints) };
  const parts = {
    clock,
    open: () => kept,
    isQueued: (_spool: string, id: string) => id.includes('1-'),
    write: (text: string) => void (out += text),
    writeError: (text: string) => void (error += text),
  };
  const status = runEximTidydb(args, parts);
  return { status, out, error, left: hints.keys('seen'), hints };
}

/** The test looks at what is left. */
function closable(hints: MemoryHints) {
  return {
    get: hints.get.bind(hints),
    put: hints.put.bind(hints),
    replace: hints.replace.bind(hints),
    delete: hints.delete.bind(hints),
    forget: hints.forget.bind(hints),
    keys: hints.keys.bind(hints),
    close: () => undefined,
  };
}

test('records that are older than 30 days, or as -t says, are removed', () => {
  const heading = 'Tidying Exim hints database /spool/db/seen\n';
  const { hints: _, ...tidied } = tidy(['/spool', 'seen']);
  assert.deepEqual(tidied, {
    status: 0,
    out: `${heading}deleted month (too old)\nTidying complete\n`,
    error: '',
    left: ['new', 'week'],
  });
  assert.deepEqual(tidy(['-t', '1d', '/spool', 'seen']).left, ['new']);
  for (const wrong of [[], ['/spool'], ['/spool', 'bogus'], ['-t', '1x', '/spool', 'seen'], ['/spool', 'seen', 'more']]) {
    const { status, error } = tidy(wrong);
    assert.equal(status, 1);
    assert.match(error, /^Usage: exim_tidydb/);
  }
});

test('what is about messages that are gone is removed', () => {
  const waiting = tidy(['/spool', 'wait-smtp']);
  assert.equal(waiting.out, 'Tidying Exim hints database /spool/db/wait-smtp\ndeleted gone (empty)\nupdated partly\nTidying complete\n');
  assert.deepEqual(
    waiting.hints.keys('wait-smtp').map((key) => [key, waiting.hints.get('wait-smtp', key)]),
    [
      ['host', '1aaaaa-00000000001-0001'],
      ['partly', '1aaaaa-000001-00'],
    ],
  );
  const retry = tidy(['/spool', 'retry']);
  assert.equal(
    retry.out,
    'Tidying Exim hints database /spool/db/retry\ndeleted T:h:192.0.2.1:25:1aaaaa-000009-00 (no message)\nTidying complete\n',
  );
});
