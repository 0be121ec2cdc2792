/**
 * `npm run conformance [-- runner's options]`: builds, runs the shared conformance suite on the harness entry, and compares with test/conformance/passing.txt: which
 * cases of the list fail, and which could be added (`--update` adds them).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const list = join(root, 'test/conformance/passing.txt');
const shared = join(root, '../shared/conformance');
const args = process.argv.slice(2);
const isUpdate = args.includes('--update');

const built = spawnSync(process.execPath, [join(root, 'scripts/build.ts')], { stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
const scratch = mkdtempSync(join(tmpdir(), 'eximius-conformance-'));
const report = join(scratch, 'report.json');
const command = `${process.execPath} ${join(root, 'dist/harness.js')}`;
const options = ['--exim', command, '--suite', join(shared, 'suite'), '--jobs', '2', '--retry', '1', '--json', report];
spawnSync(process.execPath, [join(shared, 'run.mjs'), ...options, ...args.filter((arg) => arg !== '--update')], { stdio: 'inherit' });

const { cases } = JSON.parse(readFileSync(report, 'utf8')) as { cases: { dir: string; id: string; status: string }[] }; // the runner's own format
rmSync(scratch, { recursive: true, force: true });
const lines = readFileSync(list, 'utf8').split('\n');
const heads = lines.filter((line) => line.startsWith('#'));
const known = new Set(lines.filter((line) => line !== '' && !line.startsWith('#')));
const named = (status: (text: string) => boolean) =>
  cases.filter((result) => status(result.status)).map((result) => `${result.dir}/${result.id}`);
const lost = named((status) => status !== 'pass').filter((name) => known.has(name));
const gained = named((status) => status === 'pass').filter((name) => !known.has(name));
console.log(`\n${lost.length} listed cases do not pass: ${lost.join(' ')}\n${gained.length} cases could be added: ${gained.join(' ')}`);
if (isUpdate) writeFileSync(list, `${[...heads, ...[...known, ...gained].sort()].join('\n')}\n`);
if (lost.length > 0) process.exitCode = 1;
