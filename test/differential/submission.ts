/**
 * Compares command lines that receive mail with the reference program, by hand and as root: `node test/differential/submission.ts [--exim path]
 * [--table verification] [--only text] [--show] [--write]`. Differences are printed (with `--show` all that the reference did); with `--write` the cases on which both agree, with what
 * was seen, go to `submission.tsv`, or `verification.tsv` for those that test and verify addresses.
 * The reference program runs in a mount namespace of its own, where its configuration is that of the case: so it keeps its rights for ordinary users.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { octetsFromUnicode } from '../../src/base/octets.ts';
import { findAccount } from '../e2e/support/place.ts';
import { SubmissionBench } from './submission-bench.ts';
import { configurationOf, type SubmissionCase, submissionCases } from './submission-cases.ts';
import { explainCase } from './submission-explained.ts';
import { type Observation, type Ran, SubmissionWorld } from './submission-world.ts';
import { isKept, verificationCases } from './verification-cases.ts';

const args = process.argv.slice(2);
const valueOf = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const exim = valueOf('--exim') ?? '/usr/sbin/exim4';
const only = valueOf('--only');
const table = valueOf('--table') ?? 'submission';
const cases = table === 'verification' ? verificationCases() : submissionCases;
const shows = args.includes('--show');

const folder = mkdtempSync(join(tmpdir(), 'submission-'));
chmodSync(folder, 0o755);
const etc = join(folder, 'etc');
mkdirSync(etc);
mkdirSync(join(folder, 'theirs'));
const theirs = new SubmissionWorld(join(folder, 'theirs'), findAccount('Debian-exim'));
const bench = new SubmissionBench(join(folder, 'ours'));

function runReference({ args, stdin = '', user = 'root', calledAs = 'exim' }: Omit<SubmissionCase, 'name'>): Ran {
  const ids = theirs.ids();
  const given = args.map((arg) => arg.replace(/MSG(\d)/g, (_, number) => ids[Number(number) - 1] ?? ''));
  const identity = user === 'nobody' ? ['--ruid=65534', '--rgid=65534', '--clear-groups'] : ['--ruid=0'];
  const script = `mount --bind ${etc} /etc/exim4 && cd / && exec setpriv ${identity.join(' ')} "$0" "$@"`;
  const program = calledAs === 'exim' ? exim : join(folder, calledAs);
  if (calledAs !== 'exim') spawnSync('ln', ['-sf', exim, program]);
  const ran = spawnSync('unshare', ['-m', 'sh', '-c', script, program, ...given], {
    input: Buffer.from(stdin, 'latin1'),
    env: { PATH: '/usr/bin:/bin:/usr/sbin' },
    timeout: 30_000,
  });
  return { status: ran.status ?? -1, stdout: ran.stdout.toString('latin1'), stderr: ran.stderr.toString('latin1') };
}

function observeReference(each: SubmissionCase): Observation {
  theirs.clear();
  writeFileSync(join(etc, 'exim4.conf'), octetsFromUnicode(configurationOf(theirs.options(), each)), 'latin1');
  for (const before of each.before ?? []) runReference(before);
  return theirs.observe(runReference(each), each);
}

const rows: string[] = [];
let compared = 0;
let differing = 0;
let explained = 0;
for (const each of cases) {
  if (only !== undefined && !each.name.includes(only)) continue;
  compared++;
  const reference = JSON.stringify(observeReference(each), undefined, 1);
  const own = JSON.stringify(await bench.observe(each), undefined, 1);
  if (shows) console.log(`\n--- ${each.name}\n${reference.replaceAll('\\n', '\n')}`);
  if (explainCase(each.name) !== undefined) explained++;
  else if (own === reference && isKept(each.name)) rows.push(`${each.name}\t${JSON.stringify(JSON.parse(reference))}\n`);
  else if (own !== reference) {
    differing++;
    console.log(`\n### ${each.name}: ${each.args.join(' ')}\n${differenceOf(reference, own)}`);
  }
}
bench.close();
rmSync(folder, { recursive: true });
console.log(`${compared} compared, ${differing} differ, ${explained} are explained`);
if (args.includes('--write')) writeFileSync(join(import.meta.dirname, `${table}.tsv`), rows.join(''));

function differenceOf(reference: string, own: string): string {
  const split = (text: string) => text.replaceAll('\\n', '\n').split('\n');
  const [before, after] = [split(reference), split(own)];
  const file = (name: string, lines: readonly string[]) => {
    const path = join(folder, name);
    writeFileSync(path, `${lines.join('\n')}\n`, 'latin1');
    return path;
  };
  const { stdout } = spawnSync('diff', ['-U1', file('a', before), file('b', after)], { encoding: 'latin1' });
  return stdout
    .split('\n')
    .slice(2)
    .filter((line) => !line.startsWith('@@'))
    .join('\n');
}
