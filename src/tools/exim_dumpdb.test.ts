import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCalloutRecord } from '../hints/callout-record.ts';
import { emptyEvents, formatRateRecord } from '../hints/rate-record.ts';
import { formatRetryRecord } from '../hints/retry-record.ts';
import { formatSeenRecord } from '../hints/seen-record.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { MemoryHints } from '../system/fakes/hints.ts';
import { runEximDumpdb } from './exim_dumpdb.ts';

function dump(args: readonly string[]): { status: number; out: string; error: string } {
  const hints = new MemoryHints();
  hints.put(
    'retry',
    'R:x@y',
    formatRetryRecord({
      errorNumber: -44,
      error: { name: 'rcpt_4xx', detail: 'A', more: 51 },
      firstFailed: 1795267879,
      lastTry: 1795267879,
      nextTry: 1795267939,
      isExpired: true,
      text: 'H=h: 451 no',
    }),
  );
  hints.put('wait-smtp', 'h', 'id1 id2');
  const at = 1795267879;
  hints.put('ratelimit', '1h/per_mail/1.2.3.4', formatRateRecord({ atSeconds: at + 0.000456, rate: 2.5 }));
  hints.put('ratelimit', '1s/per_cmd/unique/k', formatRateRecord({ atSeconds: at + 0.25, rate: 11, events: emptyEvents(50, at) }));
  hints.put('seen', 'key', formatSeenRecord(at));
  hints.put('callout', 'x@y', formatCalloutRecord({ kind: 'address', atSeconds: at, finding: 'reject' }));
  hints.put(
    'callout',
    'y',
    formatCalloutRecord({
      kind: 'domain',
      atSeconds: at,
      finding: 'reject-mail-null',
      postmaster: 'unknown',
      postmasterAtSeconds: 0,
      random: 'accept',
      randomAtSeconds: at,
    }),
  );
  let out = '';
  let error = '';
  const status = runEximDumpdb(args, {
    open: () => hints,
    clock: new FakeClock(),
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
  });
  return { status, out, error };
}

test('every database is printed in its form; keys alone', () => {
  assert.equal(
    dump(['/spool', 'retry']).out,
    '  R:x@y -44 13121 H=h: 451 no\n21-Nov-2026 13:31:19  21-Nov-2026 13:31:19  21-Nov-2026 13:32:19 *\n',
  );
  assert.equal(dump(['/spool', 'wait-smtp']).out, 'h id1 id2 \n');
  assert.equal(dump(['-z', '-k', '/spool', 'retry']).out, '  R:x@y\n');
  assert.equal(
    dump(['/spool', 'ratelimit']).out,
    '21-Nov-2026 13:31:19.000456 rate:      2.500 key: 1h/per_mail/1.2.3.4\n' +
      '21-Nov-2026 13:31:19.250000 rate:     11.000 epoch: 21-Nov-2026 13:31:19 size: 100 key: 1s/per_cmd/unique/k\n',
  );
  assert.equal(dump(['/spool', 'seen']).out, 'key\t21-Nov-2026 13:31:19\n');
  assert.equal(
    dump(['/spool', 'callout']).out,
    '21-Nov-2026 13:31:19 x@y callout=reject\n' +
      '21-Nov-2026 13:31:19 y callout=unknown postmaster=unknown random=accept (21-Nov-2026 13:31:19)\n',
  );
  assert.equal(dump(['/spool']).status, 1);
  assert.equal(dump(['/spool', 'bogus']).status, 1);
});

test('options stand anywhere, together or alone', () => {
  const keys = '  key\n';
  for (const args of [
    ['-kz', '/spool', 'seen'],
    ['/spool', 'seen', '-k'],
    ['-k', '--', '/spool', 'seen'],
    ['/spool', '-k', '-k', 'seen'],
  ])
    assert.deepEqual([dump(args).status, dump(args).out], [0, keys], args.join(' '));
  for (const args of [['-x', '/spool', 'seen'], ['-kx', '/spool', 'seen'], ['/spool', '--', '-k', 'seen'], ['-k']])
    assert.deepEqual([dump(args).status, dump(args).out], [1, ''], args.join(' '));
});

test('a database that cannot be opened', () => {
  const parts = { open: () => undefined, clock: new FakeClock(), write: () => assert.fail(), writeError: () => assert.fail() };
  assert.equal(runEximDumpdb(['/spool', 'retry'], parts), 1);
});
