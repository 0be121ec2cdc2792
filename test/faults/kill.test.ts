/** The run of kill.ts, small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKills } from './kill-run.ts';
import { faultsOf, killCount, summaryOf } from './verdict.ts';

test('kill -9 while messages arrive: none that was accepted is lost', { timeout: 120_000 }, async () => {
  const report = await runKills({ kills: 5, messages: 50, seed: 1, drainMs: 60_000 });
  assert.equal(killCount(report), 5);
  assert.equal(report.messages, 50);
  assert.deepEqual(faultsOf(report), [], summaryOf(report));
});
