/**
 * `node test/faults/kill.ts [--kills 200] [--messages 2000] [--seed N]`: kills processes of a daemon at random moments while
 * messages arrive, and tells what became of the messages. EXIMIUS_TEST_PROGRAM names what is killed (`dist/exim.js`; default:
 * the sources), EXIMIUS_TEST_KEEP keeps the directory.
 */
import { parseArgs } from 'node:util';
import { runKills } from './kill-run.ts';
import { faultsOf, summaryOf } from './verdict.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    messages: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
const started = performance.now();
const report = await runKills({
  kills: Number(values.kills),
  messages: Number(values.messages),
  seed,
  drainMs: 120_000,
  onKill: (count, target, accepted) => {
    if (count % 10 === 0) console.error(`kill ${count} (${target}), ${accepted} messages accepted`);
  },
});
const faults = faultsOf(report);
console.log(`${summaryOf(report)}seed ${seed}, ${Math.round((performance.now() - started) / 1000)} s`);
for (const fault of faults) console.log(`FAULT ${fault}`);
if (faults.length > 0) process.exitCode = 1;
