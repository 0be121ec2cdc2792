/** The run of kill.ts, small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKills } from './kill-run.ts';
import { faultsOf, killCount, summaryOf } from './verdict.ts';

test('kill -9 while messages arrive: none that was accepted is lost', { timeout: 60_000 }, async () => {
  const report = await runKills({ kills: 8, messages: 80, seed: 1, drainMs: 20_000 });
  assert.equal(killCount(report), 8);
  assert.equal(report.messages, 80);
  assert.deepEqual(faultsOf(report), [], summaryOf(report));
});
