import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRetryRecord } from '../hints/retry-record.ts';
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

test('retry records, waiting messages, keys', () => {
  assert.equal(
    dump(['/spool', 'retry']).out,
    '  R:x@y -44 13121 H=h: 451 no\n21-Nov-2026 13:31:19  21-Nov-2026 13:31:19  21-Nov-2026 13:32:19 *\n',
  );
  assert.equal(dump(['/spool', 'wait-smtp']).out, 'h id1 id2\n');
  assert.equal(dump(['-z', '-k', '/spool', 'retry']).out, '  R:x@y\n');
  assert.equal(dump(['/spool']).status, 1);
});
