/**
 * How long a command-line mode takes from exec to exit, as a multiple of `node -e 0`: the program is built and called through its launcher, in turn with
 * bare Node, for root also as another user. Prints minima and medians; fails when `-be` takes more than what is promised at the minimum.
 * RUNS=n (60) each.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));
const RUNS = Number.parseInt(process.env.RUNS ?? '60', 10);
const LIMIT = 1.7;
const NOBODY = 65534;

interface Case {
  readonly name: string;
  readonly command: readonly string[];
  readonly input?: string;
  /** Of the minima. */
  readonly limit?: number;
}

const folder = mkdtempSync(join(tmpdir(), 'eximius-start-'));
try {
  chmodSync(folder, 0o755);
  const dist = join(folder, 'dist');
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.ts'), dist], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  measure('', casesIn(dist, 'var'), {});
  if (process.getuid?.() === 0) measure(', as nobody', casesIn(dist, 'var-nobody'), { uid: NOBODY, gid: NOBODY });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function casesIn(dist: string, spool: string): readonly Case[] {
  const empty = join(folder, 'empty.conf');
  writeFileSync(empty, '');
  const data = join(folder, spool);
  mkdirSync(data);
  chmodSync(data, 0o777);
  const mode = (name: string, config: readonly string[], args: readonly string[], more: Pick<Case, 'input' | 'limit'> = {}): Case => ({
    name,
    command: [join(dist, 'bin/exim'), ...config, ...args],
    ...more,
  });
  const server = ['-C', join(dist, 'config/default.conf'), `-DVAR=${data}`];
  return [
    { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
    mode('-be', ['-C', empty], ['-be', '${uc:abc}'], { limit: LIMIT }),
    mode('-be, configuration of a server', server, ['-be', '${uc:abc}']),
    mode('-bV', server, ['-bV']),
    mode('-bP', server, ['-bP', 'spool_directory']),
    mode('-bt', server, ['-bt', 'postmaster@localhost']),
    mode('-bp', server, ['-bp']),
    mode('a message into the queue', server, ['-odq', '-i', 'postmaster@localhost'], { input: 'Subject: test\n\ntext\n' }),
  ];
}

function measure(who: string, cases: readonly Case[], as: { readonly uid?: number; readonly gid?: number }): void {
  const times = cases.map((): number[] => []);
  // The first round fills the page cache.
  for (let run = 0; run <= RUNS; run++) {
    for (const [index, one] of cases.entries()) {
      const ms = timeOf(one, as);
      if (run > 0) times[index]?.push(ms);
    }
  }
  console.log(`\nstart to end${who}, ${RUNS} runs each in turn: ms (× bare Node)`);
  const [bare = []] = times;
  for (const [index, { name, limit }] of cases.entries()) {
    const own = times[index] ?? [];
    const ratio = minimum(own) / minimum(bare);
    console.log(
      `  ${name.padEnd(32)} minimum ${minimum(own).toFixed(1)} (${ratio.toFixed(2)})  median ${median(own).toFixed(1)} (${(median(own) / median(bare)).toFixed(2)})`,
    );
    if (limit === undefined || ratio <= limit) continue;
    console.error(`  ${name}: ${ratio.toFixed(2)} is more than ${limit}`);
    process.exitCode = 1;
  }
}

function timeOf({ name, command: [file = '', ...args], input = '' }: Case, as: { readonly uid?: number; readonly gid?: number }): number {
  const startMs = performance.now();
  const { status, stderr, error } = spawnSync(file, args, { input, encoding: 'utf8', ...as });
  const ms = performance.now() - startMs;
  if (status !== 0) throw error ?? new Error(`${name} ended with ${status}: ${stderr}`);
  return ms;
}

function minimum(values: readonly number[]): number {
  return Math.min(...values);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
