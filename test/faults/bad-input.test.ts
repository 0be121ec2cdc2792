/** The run of bad-input.ts, small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runBadInput } from './bad-input-run.ts';
import { faultsOf, summaryOf } from './bad-input-verdict.ts';

test('bad input: answered as Exim does, and the daemon goes on', { timeout: 60_000 }, async () => {
  const halfClosed = 20;
  const report = await runBadInput({ streams: 100, recipients: 5000, halfClosed, seed: 1 });
  assert.deepEqual(faultsOf(report), [], summaryOf(report));
  assert.equal(report.halfClosedAnswered, halfClosed);
});
