/**
 * Compares what is made of DKIM signatures with the reference program, by hand and as root: `node test/differential/dkim.ts [--exim path] [--only text]
 * [--show] [--write]`. Differences are printed (with `--show` all that the reference did); with `--write` the cases on which both agree, with what was
 * seen, go to `dkim.tsv`. Runs in network and mount namespaces of its own, where a name server on port 53 has the keys.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { octetsFromUnicode } from '../../src/base/octets.ts';
import { DnsServer } from '../e2e/support/dns-server.ts';
import { findAccount } from '../e2e/support/place.ts';
import { type DkimCase, dkimCases, dkimSubmission, dkimZone } from './dkim-cases.ts';
import { explainDkim } from './dkim-explained.ts';
import { type DkimSeen, dkimSeen, ownDkim } from './dkim-seen.ts';
import { SubmissionBench } from './submission-bench.ts';
import { configurationOf } from './submission-cases.ts';
import { type Ran, SubmissionWorld } from './submission-world.ts';

const args = process.argv.slice(2);
const valueOf = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);

if (!args.includes('--inside')) enterNamespaces();

/** Ends this process with the status of the one inside. */
function enterNamespaces(): never {
  const folder = mkdtempSync(join(tmpdir(), 'dkim-net-'));
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  const script = `ip link set lo up && mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec "$0" "$@"`;
  const inside = [process.execPath, process.argv[1] ?? '', ...args, '--inside'];
  const { status } = spawnSync('unshare', ['-n', '-m', 'sh', '-c', script, ...inside], { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
  process.exit(status ?? 1);
}

const exim = valueOf('--exim') ?? '/usr/sbin/exim4';
const only = valueOf('--only');

const dns = await DnsServer.start(dkimZone, 53);
const folder = mkdtempSync(join(tmpdir(), 'dkim-'));
chmodSync(folder, 0o755);
mkdirSync(join(folder, 'theirs'));
const theirs = new SubmissionWorld(join(folder, 'theirs'), findAccount('Debian-exim'));
const bench = new SubmissionBench(join(folder, 'ours'));

async function runReference(each: DkimCase): Promise<DkimSeen> {
  theirs.clear();
  const submission = dkimSubmission(each);
  const path = join(folder, 'exim.conf');
  writeFileSync(path, octetsFromUnicode(configurationOf(theirs.options(), submission)), 'latin1');
  const child = spawn(exim, ['-C', path, ...submission.args], { env: { PATH: '/usr/bin:/bin' }, timeout: 30_000 });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    output.stderr += text;
  });
  child.stdin.on('error', () => undefined); // it may end before it has read all
  child.stdin.end(Buffer.from(submission.stdin ?? '', 'latin1'));
  const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const ran: Ran = { status, ...output };
  return dkimSeen(theirs.observe(ran, submission));
}

const rows: string[] = [];
const count = { compared: 0, differing: 0, explained: 0 };
for (const each of dkimCases) {
  if (only !== undefined && !each.name.includes(only)) continue;
  count.compared++;
  const reference = await runReference(each);
  if (args.includes('--show')) console.log(`\n--- ${each.name}\n${JSON.stringify(reference, undefined, 1)}`);
  if (args.includes('--reference')) continue;
  const own = await ownDkim(bench, each, dns.server);
  if (explainDkim(each.name) !== undefined) count.explained++;
  else if (JSON.stringify(own) === JSON.stringify(reference)) rows.push(`${each.name}\t${JSON.stringify(reference)}\n`);
  else {
    count.differing++;
    console.log(`\n### ${each.name}\n${differenceOf(JSON.stringify(reference, undefined, 1), JSON.stringify(own, undefined, 1))}`);
  }
}
bench.close();
await dns.stop();
rmSync(folder, { recursive: true });
console.log(`${count.compared} compared, ${count.differing} differ, ${count.explained} are explained`);
if (args.includes('--write')) writeFileSync(join(import.meta.dirname, 'dkim.tsv'), rows.join(''));

function differenceOf(reference: string, own: string): string {
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, `${text}\n`, 'latin1');
    return path;
  };
  const { stdout } = spawnSync('diff', ['-U1', file('a', reference), file('b', own)], { encoding: 'latin1' });
  return stdout
    .split('\n')
    .slice(2)
    .filter((line) => !line.startsWith('@@'))
    .join('\n');
}
