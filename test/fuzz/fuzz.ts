/**
 * `node test/fuzz/fuzz.ts TARGET… [--seconds 600] [--seed N]`: mutated inputs for the parsers of targets.ts (all of them when none is named), in a
 * process each. An input that throws, takes over 5 s or makes the process grow beyond 700 MiB is written to test/fuzz/seeds/TARGET/, where the
 * tests take it from.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeChooser } from '../faults/chooser.ts';
import { mutate } from './mutate.ts';
import { openTargets, type Target } from './targets.ts';

const SLOW_MS = 5000;
const MAX_RESIDENT_MIB = 700;
/** Between signs of life of the child, and looks at it. */
const BEAT_MS = 1000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    child: { type: 'boolean', default: false },
  },
});
const targets = await openTargets();
const chosen = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const inputFile = join('/dev/shm', `eximius-fuzz-${values.child ? process.ppid : process.pid}`);

if (values.child) await fuzz(chosen[0]);
else for (const target of chosen) await watch(target);

/** In the child: goes on until the time is over; the input at work is always in the file. */
async function fuzz(target: Target | undefined): Promise<void> {
  if (!target) throw new Error('no target');
  const choose = makeChooser(Number(values.seed));
  const end = performance.now() + Number(values.seconds) * 1000;
  let corpus = [...target.seeds];
  let beatAt = 0;
  for (let count = 1; ; count++) {
    const input = mutate(corpus[choose(corpus.length)] ?? '', corpus, target.words, choose);
    writeFileSync(inputFile, input, 'latin1');
    await target.run(input);
    // Changes of changes get further from the seeds.
    if (choose(10) === 0) corpus = [...target.seeds, ...corpus.slice(target.seeds.length).slice(-500), input];
    const now = performance.now();
    if (now >= beatAt || now >= end) {
      process.send?.(count);
      beatAt = now + BEAT_MS;
    }
    if (now >= end) break;
  }
  process.disconnect?.();
}

/** Starts the child and judges it by its signs of life. */
async function watch(target: Target): Promise<void> {
  const options = ['--child', '--seconds', values.seconds, '--seed', values.seed, target.name];
  const child = spawn(process.execPath, [import.meta.filename, ...options], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let count = 0;
  let seenAt = performance.now();
  child.on('message', (done) => {
    count = Number(done);
    seenAt = performance.now();
  });
  let fault = '';
  const timer = setInterval(() => {
    if (count > 0 && performance.now() - seenAt > SLOW_MS) fault = `no end within ${SLOW_MS} ms`;
    else if (residentMib(child) > MAX_RESIDENT_MIB) fault = `over ${MAX_RESIDENT_MIB} MiB`;
    if (fault !== '') child.kill('SIGKILL');
  }, BEAT_MS);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0 && fault === '') fault = `ended with ${code}`;
  console.log(`${target.name.padEnd(12)}${count} inputs in ${values.seconds} s${fault === '' ? '' : `: ${fault}`}`);
  if (fault !== '') keepInput(target.name);
}

function residentMib({ pid }: ChildProcess): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended
  }
}

function keepInput(name: string): void {
  const folder = join(import.meta.dirname, 'seeds', name);
  const file = join(folder, `${Date.now()}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, readFileSync(inputFile));
  console.log(`the input is kept in ${file}`);
  process.exitCode = 1;
}
