/** The built program runs from another directory, under its names, without the sources. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { DnsServer } from './support/dns-server.ts';

const root = join(import.meta.dirname, '../..');

test('npm run build', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'eximius-build-'));
  chmodSync(folder, 0o755); // what root starts goes on as another user
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
    await context.test('the code caches are there and fit', () => {
      const script = `
        const { loadBundle } = require(${JSON.stringify(join(dist, 'exim.js'))});
        const { basename } = require('node:path');
        const fits = ({ scripts: [{ script, cache }] }) => [basename(cache), !script.cachedDataRejected];
        console.log(JSON.stringify(['-bd', '-be', '-bV', '-bP', '-bt', '-bp', '-bI:help'].map((mode) => fits(loadBundle([mode])))));`;
      const fits = JSON.parse(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout);
      assert.deepEqual(fits, [
        ['exim.bundle.js.daemon.cache', true],
        ['exim.lazy.js.expand.cache', true],
        ['exim.lazy.js.version.cache', true],
        ['exim.lazy.js.options.cache', true],
        ['exim.lazy.js.address.cache', true],
        ['exim.lazy.js.queue.cache', true],
        ['exim.lazy.js.information.cache', true],
      ]);
      for (const file of ['exim.lazy.js.cache', 'exim.lazy-rest.js.cache']) assert.ok(existsSync(join(dist, file)), file);
    });
    await context.test('short-lived modes load the first part of their bundle, half of the code, and the rest when it is needed', () => {
      const script = `
        const { loadBundle, start } = require(${JSON.stringify(join(dist, 'exim.js'))});
        const args = ['-C', ${JSON.stringify(config)}, '-be', process.argv[1]];
        const bundle = loadBundle(args);
        process.on('exit', () => console.log(bundle.scripts.length));
        start(bundle, args);`;
      const run = (text: string) => spawnSync(process.execPath, ['-e', script, text], { encoding: 'utf8' }).stdout;
      assert.equal(run('${uc:abc}'), 'ABC\n1\n');
      assert.equal(run('${eval:1+2}'), '3\n2\n');
      const size = (name: string) => statSync(join(dist, name)).size;
      assert.ok(size('exim.lazy.js') < 0.6 * size('exim.bundle.js'));
    });
    await context.test('SPF is evaluated by a package beside the program, which nothing loads before', async () => {
      const script = `
        const { loadBundle, start } = require(${JSON.stringify(join(dist, 'exim.js'))});
        const args = process.argv.slice(1);
        process.on('exit', () => console.log(Object.keys(require.cache).some((file) => file.includes('mailauth'))));
        start(loadBundle(args), args);`;
      const dns = await DnsServer.start({ 'spf.test': ['TXT v=spf1 ip4:192.0.2.1 -all'] });
      try {
        const file = join(folder, 'spf.conf');
        writeFileSync(file, `spool_directory = ${folder}\ndns_servers = ${dns.server}\n`);
        const expand = async (text: string) =>
          (await promisify(execFile)(process.execPath, ['-e', script, '--', '-C', file, '-be', text], { cwd: folder })).stdout;
        assert.equal(await expand('${uc:abc}'), 'ABC\nfalse\n');
        assert.equal(await expand('${lookup{a@spf.test}spf{192.0.2.1}}'), 'pass\ntrue\n');
      } finally {
        await dns.stop();
      }
    });
    await context.test(
      'a user who is not Exim hands a message over with the first part alone; without a daemon it waits in the drop directory',
      () => {
        const drop = join(folder, 'drop');
        mkdirSync(drop);
        chmodSync(drop, 0o1733);
        const settings = `exim_user = root\nexim_group = root\nsubmit_socket = ${folder}/none\ndrop_directory = ${drop}\n`;
        writeFileSync(join(dist, 'eximius.build'), settings);
        const script = `
        const { loadBundle, start } = require(${JSON.stringify(join(dist, 'exim.js'))});
        const args = ['-i', 'a@b.example'];
        const bundle = loadBundle(args);
        process.on('exit', () => console.log(bundle.scripts.length));
        start(bundle, args);`;
        const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
        const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', input: 'text\n', ...user });
        rmSync(join(dist, 'eximius.build'));
        assert.deepEqual([status, stdout, stderr], [0, '1\n', '']);
        assert.equal(readdirSync(drop).length, 1);
      },
    );
    await context.test('only the harness knows the settings of the conformance runner', () => {
      const setting = /EXIM_TEST_|EXIM_CONFIGURE_OWNER|EXIM_TRUSTED_|EXIM_WHITELIST_/;
      for (const part of ['bundle', 'lazy', 'lazy-rest'])
        assert.doesNotMatch(readFileSync(join(dist, `exim.${part}.js`), 'latin1'), setting);
      for (const part of ['bundle', 'lazy']) assert.match(readFileSync(join(dist, `harness.${part}.js`), 'latin1'), setting);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
