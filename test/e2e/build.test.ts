/** The built program runs from another directory, under its names, without the sources. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

test('npm run build', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'eximius-build-'));
  const dist = join(folder, 'dist');
  try {
    const built = spawnSync(process.execPath, [join(root, 'scripts/build.ts'), dist], { encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    assert.equal(built.stderr, '');

    const config = join(dist, 'config/default.conf');
    const run = (name: string, args: readonly string[], input = '') =>
      spawnSync(join(dist, 'bin', name), args, { encoding: 'utf8', input, cwd: folder, env: { PATH: '/usr/bin:/bin' } });

    await context.test('-bV', () => {
      const { stdout, stderr } = run('exim', ['-C', config, '-bV']);
      assert.equal(stderr, '');
      assert.match(stdout, /^Exim version 4\.99 .*\n(?:.*\n)*Eximius \d+\.\d+\.\d+\n/);
    });
    await context.test('-be, with a regular expression from the module beside the bundle', () => {
      const { stdout, stderr } = run('exim4', ['-C', config, '-be'], '${if match{abc}{^a(.)c}{$1}}\n${lc:A}\n');
      assert.equal(stderr, '');
      assert.match(stdout, /b\n(?:> )?a\n/);
    });
    await context.test('sendmail, rmail and mailq are programs of their own', () => {
      for (const name of ['sendmail', 'rmail', 'mailq', 'runq', 'newaliases', 'eximius'])
        assert.ok(existsSync(join(dist, 'bin', name)), name);
    });
    await context.test('programs that are not built say so, and are not the mail server', () => {
      const { status, stderr, stdout } = run('exiqgrep', ['-r', 'a@b.example'], 'no message\n');
      assert.deepEqual([status, stderr, stdout], [69, 'exiqgrep: not built yet\n', '']);
    });
    await context.test('the code cache is there and fits', () => {
      assert.ok(existsSync(join(dist, 'exim.bundle.js.cache')));
      const script = `const { loadBundle } = require(${JSON.stringify(join(dist, 'exim.js'))}); console.log(loadBundle().script.cachedDataRejected)`;
      assert.equal(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout, 'false\n');
    });
    await context.test('only the harness knows the settings of the conformance runner', () => {
      const setting = /EXIM_TEST_|EXIM_CONFIGURE_OWNER|EXIM_TRUSTED_|EXIM_WHITELIST_/;
      assert.doesNotMatch(readFileSync(join(dist, 'exim.bundle.js'), 'latin1'), setting);
      assert.match(readFileSync(join(dist, 'harness.bundle.js'), 'latin1'), setting);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
