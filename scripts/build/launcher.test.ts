import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'node:test';

const report = 'console.log(JSON.stringify([process.execPath, process.execArgv, process.argv.slice(2)]));\n';

test('a launcher finds its program and a Node, and passes on the name it is called by', () => {
  const folder = mkdtempSync(join(tmpdir(), 'launcher '));
  try {
    const launcher = readFileSync(join(import.meta.dirname, 'launcher.sh'), 'utf8').replace('NODE_OF_BUILD', `'${process.execPath}'`);
    for (const part of ['dist', 'dist/bin', 'sbin', 'other']) mkdirSync(join(folder, part));
    writeFileSync(join(folder, 'dist/exim.js'), report);
    writeFileSync(join(folder, 'dist/bin/exim'), launcher);
    chmodSync(join(folder, 'dist/bin/exim'), 0o755);
    symlinkSync('../dist/bin/exim', join(folder, 'sbin/sendmail'));
    symlinkSync('../sbin/sendmail', join(folder, 'other/mailq'));

    const run = (command: string, ...args: string[]) => {
      const path = [join(folder, 'sbin'), '/usr/bin', '/bin'].join(delimiter);
      const result = spawnSync(command, args, { encoding: 'utf8', env: { PATH: path }, cwd: folder });
      assert.equal(result.stderr, '');
      return JSON.parse(result.stdout);
    };
    const options = ['--disable-sigusr1', '--min-semi-space-size=4'];
    const expected = (name: string, ...args: string[]) => [process.execPath, options, [`--called-as=${name}`, ...args]];
    assert.deepEqual(run(join(folder, 'dist/bin/exim'), '-bV', 'a b', ''), expected('exim', '-bV', 'a b', ''));
    assert.deepEqual(run('dist/bin/exim'), expected('exim'));
    assert.deepEqual(run(join(folder, 'sbin/sendmail'), '--called-as=x'), expected('sendmail', '--called-as=x'));
    assert.deepEqual(run('sendmail'), expected('sendmail'));
    assert.deepEqual(run(join(folder, 'other/mailq'), '*'), expected('mailq', '*'));

    writeFileSync(join(folder, 'dist/node'), `#!/bin/sh\necho '["private"]'\n`);
    chmodSync(join(folder, 'dist/node'), 0o755);
    assert.deepEqual(run('sendmail'), ['private'], 'the Node of the installation comes first');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
