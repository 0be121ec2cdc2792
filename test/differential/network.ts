/**
 * Compares servers that listen with the real Exim, by hand and as root: `node test/differential/network.ts [--exim /usr/sbin/exim4] [--only REGEX] [--show COUNT] [--explained] [--all] [--write] [--keep FILE]`.
 * Each case of `network/cases/` is a configuration and what clients say; both programs run as daemons on it, in namespaces of their own with a name server, and what clients,
 * logs and queue show is compared. `--all` prints what Exim shows, `--write` writes the cases on which they agree to `network/golden.tsv`; `--keep` remembers what Exim shows.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DnsServer } from '../e2e/support/dns-server.ts';
import { findAccount } from '../e2e/support/place.ts';
import type { Bench } from './network/bench.ts';
import type { NetworkCase } from './network/case.ts';
import { allCases } from './network/cases.ts';
import { explain } from './network/explained.ts';
import { writeGolden } from './network/golden.ts';
import { startOurs } from './network/ours.ts';
import { startReference } from './network/reference.ts';
import { showCase } from './network/run.ts';
import { zone } from './network/world.ts';
import { linesOfOneSide } from './sides.ts';

const INSIDE = 'EXIMIUS_NETWORK_NAMESPACES';

const { values } = parseArgs({
  options: {
    exim: { type: 'string', default: '/usr/sbin/exim4' },
    only: { type: 'string', default: '' },
    show: { type: 'string', default: '1000' },
    explained: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});

if (userInfo().uid !== 0) throw new Error('only root may make the namespaces that it runs in');
if (process.env[INSIDE] === undefined) process.exitCode = enterNamespaces();
else await compare();

/** A network of its own with nothing but the loopback interface, where a name server may have port 53, and the reference a configuration in /etc. */
function enterNamespaces(): number {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const run = spawnSync('unshare', ['--mount', '--net', ...command], { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  return run.status ?? 1;
}

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'network-'));
  chmodSync(folder, 0o755); // Exim is another user
  mkdirSync(join(folder, 'case'));
  prepare('ip', 'link', 'set', 'lo', 'up');
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  prepare('mount', '--bind', join(folder, 'resolv.conf'), '/etc/resolv.conf');
  const dns = await DnsServer.start(zone, 53);
  try {
    await compareAll({ folder: join(folder, 'case'), ports: [2501, 2502, 2503], localConf: '', owner: findAccount('Debian-exim') });
  } finally {
    await dns.stop();
    prepare('umount', '/etc/resolv.conf');
    rmSync(folder, { recursive: true });
  }
}

async function compareAll(bench: Bench): Promise<void> {
  const answers = new Map<string, string>();
  if (values.keep !== undefined && existsSync(values.keep)) {
    for (const [key, shown] of JSON.parse(readFileSync(values.keep, 'utf8'))) answers.set(key, shown);
  }
  const only = new RegExp(values.only);
  const agreed: { readonly name: string; readonly shown: string }[] = [];
  const explained = new Map<string, string[]>();
  let unexplained = 0;
  const cases = allCases().filter(({ name }) => only.test(name));
  for (const one of cases) {
    const key = JSON.stringify(one);
    const theirs = answers.get(key) ?? (await showReference(bench, one));
    answers.set(key, theirs);
    const ours = await showCase(bench, startOurs, one);
    if (values.all) process.stdout.write(`\n=== ${one.name}\n${theirs}\n`);
    if (theirs === ours) {
      agreed.push({ name: one.name, shown: theirs });
      continue;
    }
    const why = explain({ name: one.name, theirs, ours });
    if (why !== undefined) explained.set(why, [...(explained.get(why) ?? []), one.name]);
    else unexplained++;
    if (why === undefined ? unexplained <= Number(values.show) : values.explained)
      process.stdout.write(`\n=== ${one.name}${why === undefined ? '' : ` (${why})`}\n${linesOfOneSide(theirs, ours)}`);
  }
  for (const [why, names] of explained) process.stdout.write(`${names.length} explained: ${why}\n`);
  process.stdout.write(`${cases.length} cases, ${agreed.length} agree, ${unexplained} differ without explanation\n`);
  if (values.write) writeGolden(agreed);
  if (values.keep !== undefined) writeFileSync(values.keep, JSON.stringify([...answers]));
  process.exitCode = unexplained === 0 ? 0 : 1;
}

/** Its configuration is where it looks for it, so that its processes keep their rights. */
async function showReference(bench: Bench, one: NetworkCase): Promise<string> {
  return showCase(
    bench,
    async (prepared) => {
      prepareQuietly('umount', '/etc/exim4');
      prepare('mount', '--bind', join(bench.folder, 'etc'), '/etc/exim4');
      return startReference(values.exim, prepared);
    },
    one,
  );
}

function prepareQuietly(command: string, ...args: readonly string[]): void {
  spawnSync(command, args);
}

function prepare(command: string, ...args: readonly string[]): void {
  const run = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}
