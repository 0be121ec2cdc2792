/** Loaded into every process of a measured server (`--import`): at its end it writes how long its event loop kept things waiting. */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What the start takes is not counted. */
const START_MS = 1500;
const RESOLUTION_MS = 1;

const role = process.argv.find((arg) => arg.startsWith('--eximius-role='))?.replace(/.*=/, '') ?? 'supervisor';
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
setTimeout(() => delay.reset(), START_MS).unref();
const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
process.on('exit', () => {
  const file = process.env.EXIMIUS_LOOP_DELAY;
  if (file === undefined || delay.count === 0) return;
  const line = { role, p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max), count: delay.count };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
});
