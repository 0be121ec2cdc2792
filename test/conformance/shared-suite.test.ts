/**
 * The cases of the shared conformance suite that pass must go on passing: `passing.txt` lists them, `npm test -- conformance` runs them. Needs the suite beside
 * the project, root and Linux namespaces; elsewhere it is skipped with the reason. `npm run conformance` runs all cases and tells which could be added.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const runner = join(root, '../shared/conformance/run.mjs');
const suite = join(root, '../shared/conformance/suite');
const TIMEOUT_MS = 15 * 60_000;

interface CaseResult {
  readonly dir: string;
  readonly id: string;
  readonly status: 'pass' | 'fail' | 'skip';
}

function passingCases(): readonly string[] {
  return readFileSync(join(import.meta.dirname, 'passing.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function reasonToSkip(): string | false {
  if (!existsSync(runner) || !existsSync(suite)) return 'the shared conformance suite is not beside the project';
  if (process.getuid?.() !== 0) return 'needs root';
  const unshared = spawnSync('unshare', ['--mount', '--net', 'true']);
  return unshared.status === 0 ? false : 'needs Linux namespaces';
}

test('cases of the shared conformance suite that passed still pass', { skip: reasonToSkip(), timeout: TIMEOUT_MS }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'eximius-conformance-'));
  try {
    const built = spawnSync(process.execPath, [join(root, 'scripts/build.ts')], { encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    const report = join(scratch, 'report.json');
    const wanted = passingCases();
    const command = `${process.execPath} ${join(root, 'dist/harness.js')}`;
    const args = [runner, '--exim', command, '--suite', suite, '--only', wanted.join(','), '--jobs', '2', '--retry', '2', '--json', report];
    spawnSync(process.execPath, args, { stdio: 'ignore', timeout: TIMEOUT_MS });
    const { cases } = JSON.parse(readFileSync(report, 'utf8')) as { readonly cases: readonly CaseResult[] }; // the runner's own format
    const passed = new Set(cases.filter((result) => result.status === 'pass').map((result) => `${result.dir}/${result.id}`));
    assert.deepEqual(
      wanted.filter((name) => !passed.has(name)),
      [],
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
