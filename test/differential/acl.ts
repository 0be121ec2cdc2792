/**
 * Compares access control with the real Exim, by hand and as root: `node test/differential/acl.ts [--exim /usr/sbin/exim4] [--only REGEX] [--show COUNT] [--explained] [--write] [--keep FILE]`.
 * Each case of `acl/cases/` is a configuration and a dialogue; both programs get it, with the same name server, and what they show is compared: replies, the steps of `-bh`, exit
 * code, logs, and the -H files of accepted messages. `--write` writes the cases on which they agree, with what Exim shows, to `acl/golden.tsv`; `--keep` remembers what Exim shows for the next time. Runs in namespaces of its own.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DnsServer } from '../e2e/support/dns-server.ts';
import { findAccount } from '../e2e/support/place.ts';
import { type Bench, runOurs, runReference, showCase } from './acl/bench.ts';
import type { AclCase } from './acl/case.ts';
import { allCases } from './acl/cases.ts';
import { explain } from './acl/explained.ts';
import { writeGolden } from './acl/golden.ts';
import { type Shown, transcript } from './acl/transcript.ts';
import { startCalledHost, zone } from './acl/world.ts';
import { linesOfOneSide } from './sides.ts';

const INSIDE = 'EXIMIUS_ACL_NAMESPACES';
const SINK_PORT = 2526;

const { values } = parseArgs({
  options: {
    exim: { type: 'string', default: '/usr/sbin/exim4' },
    only: { type: 'string', default: '' },
    show: { type: 'string', default: '1000' },
    explained: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});

/** What the reference showed, by case. */
const answers = new Map<string, Shown>();
/** Stands for the folder of the cases in the file that `--keep` names. */
const FOLDER = '@FOLDER@';

if (userInfo().uid !== 0) throw new Error('only root may make the namespaces that it runs in');
if (process.env[INSIDE] === undefined) process.exitCode = enterNamespaces();
else await compare();

/** A network of its own with nothing but the loopback interface, where a name server may have port 53. */
function enterNamespaces(): number {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const run = spawnSync('unshare', ['--mount', '--net', ...command], { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  return run.status ?? 1;
}

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'acl-'));
  chmodSync(folder, 0o755); // Exim is another user
  prepare('ip', 'link', 'set', 'lo', 'up');
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  prepare('mount', '--bind', join(folder, 'resolv.conf'), '/etc/resolv.conf');
  const dns = await DnsServer.start(zone, 53);
  const sink = await startCalledHost(SINK_PORT);
  try {
    await compareAll({ folder: join(folder, 'case'), sinkPort: SINK_PORT, localConf: '', owner: findAccount('Debian-exim') });
  } finally {
    await Promise.all([dns.stop(), sink.stop()]);
    prepare('umount', '/etc/resolv.conf');
    rmSync(folder, { recursive: true });
  }
}

async function compareAll(bench: Bench): Promise<void> {
  if (values.keep !== undefined && existsSync(values.keep)) {
    for (const [key, shown] of JSON.parse(readFileSync(values.keep, 'utf8').replaceAll(FOLDER, bench.folder))) answers.set(key, shown);
  }
  const only = new RegExp(values.only);
  const cases = allCases().filter(({ name }) => only.test(name));
  const agreed: { readonly name: string; readonly shown: string }[] = [];
  const explained = new Map<string, string[]>();
  let unexplained = 0;
  for (const one of cases) {
    const theirs = transcript(await remembered(one, () => showCase(bench, runReference(values.exim), one)), bench);
    const ours = transcript(await showCase(bench, runOurs, one), bench);
    if (theirs === ours) {
      agreed.push({ name: one.name, shown: theirs });
      continue;
    }
    const why = explain({ name: one.name, theirs, ours });
    if (why !== undefined) explained.set(why, [...(explained.get(why) ?? []), one.name]);
    else unexplained++;
    if (why === undefined ? unexplained <= Number(values.show) : values.explained) show(one.name, why, theirs, ours);
  }
  for (const [why, names] of explained) process.stdout.write(`${names.length} explained: ${why}\n`);
  process.stdout.write(`${cases.length} cases, ${agreed.length} agree, ${unexplained} differ without explanation\n`);
  if (values.write) writeGolden(agreed);
  if (values.keep !== undefined) writeFileSync(values.keep, JSON.stringify([...answers]).replaceAll(bench.folder, FOLDER));
  process.exitCode = unexplained === 0 ? 0 : 1;
}

async function remembered(one: AclCase, ask: () => Promise<Shown>): Promise<Shown> {
  const key = JSON.stringify(one);
  const known = answers.get(key) ?? (await ask());
  answers.set(key, known);
  return known;
}

function prepare(command: string, ...args: readonly string[]): void {
  const run = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

function show(name: string, why: string | undefined, theirs: string, ours: string): void {
  process.stdout.write(`\n=== ${name}${why === undefined ? '' : ` (${why})`}\n${linesOfOneSide(theirs, ours)}`);
}
