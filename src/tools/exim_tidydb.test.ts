import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSeenRecord } from '../hints/seen-record.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryHints } from '../system/fakes/hints.ts';
import { runEximTidydb } from './exim_tidydb.ts';

function tidy(args: readonly string[]) {
  const clock = new FakeClock();
  const hints = new MemoryHints();
  const now = clock.now() / 1000;
  for (const [key, days] of Object.entries({ new: 0, week: 7, month: 31 })) hints.put('seen', key, formatSeenRecord(now - days * 86400));
  hints.put('wait-smtp', 'host', 'id');
  let out = '';
  let error = '';
  const kept = { ...closable(hints) };
  const parts = {
    clock,
    open: () => kept,
    write: (text: string) => void (out += text),
    writeError: (text: string) => void (error += text),
  };
  const status = runEximTidydb(args, parts);
  return { status, out, error, left: hints.keys('seen') };
}

/** The test looks at what is left. */
function closable(hints: MemoryHints) {
  return {
    get: hints.get.bind(hints),
    put: hints.put.bind(hints),
    delete: hints.delete.bind(hints),
    forget: hints.forget.bind(hints),
    keys: hints.keys.bind(hints),
    close: () => undefined,
  };
}

test('records that are older than 30 days, or as -t says, are removed', () => {
  const heading = 'Tidying Exim hints database /spool/db/seen\n';
  assert.deepEqual(tidy(['/spool', 'seen']), {
    status: 0,
    out: `${heading}deleted month (too old)\nTidying complete\n`,
    error: '',
    left: ['new', 'week'],
  });
  assert.deepEqual(tidy(['-t', '1d', '/spool', 'seen']).left, ['new']);
  assert.deepEqual(tidy(['/spool', 'wait-smtp']).out, 'Tidying Exim hints database /spool/db/wait-smtp\nTidying complete\n');
  for (const wrong of [[], ['/spool'], ['/spool', 'bogus'], ['-t', '1x', '/spool', 'seen'], ['/spool', 'seen', 'more']]) {
    const { status, error } = tidy(wrong);
    assert.equal(status, 1);
    assert.match(error, /^Usage: exim_tidydb/);
  }
});
