/** `node test/faults/bad-input.ts [--streams 1000] [--recipients 1000000] [--seed N]`: bad input for a running daemon, and what became of it. */
import { parseArgs } from 'node:util';
import { runBadInput } from './bad-input-run.ts';
import { faultsOf, summaryOf } from './bad-input-verdict.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1000' },
    recipients: { type: 'string', default: '1000000' },
    'half-closed': { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const started = performance.now();
const report = await runBadInput({
  streams: Number(values.streams),
  recipients: Number(values.recipients),
  halfClosed: Number(values['half-closed']),
  seed: Number(values.seed),
});
const faults = faultsOf(report);
console.log(`${summaryOf(report)}seed ${values.seed}, ${Math.round((performance.now() - started) / 1000)} s`);
for (const fault of faults) console.log(`FAULT ${fault}`);
if (faults.length > 0) process.exitCode = 1;
