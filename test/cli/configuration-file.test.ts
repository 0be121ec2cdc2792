/** `-C`: how errors in the file are told, and a name without a directory. Spec ch. 5 "-C", "-v". */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { placeOptions } from '../e2e/support/mail-server.ts';
import { Place, ROOT } from '../e2e/support/place.ts';

function exim(folder: string, args: readonly string[], input = '') {
  return spawnSync(process.execPath, [`${ROOT}/scripts/exim.ts`, ...args], { cwd: folder, input, encoding: 'latin1' });
}

test('with -v an error stands below the names of the logs', () => {
  const place = new Place('errors');
  try {
    place.file('etc/exim.conf', 'nosuch = x\n');
    const text = 'Exim configuration error in line 1 of exim.conf:\n  main option "nosuch" unknown\n';
    const told = (...args: string[]) => exim(`${place.directory}/etc`, ['-C', 'exim.conf', ...args]).stderr;
    assert.ok(told('-v', '-bv', 'a@b').startsWith(`LOG: PANIC DIE\n  ${text}`));
    assert.match(told('-bv', 'a@b'), /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d Exim configuration error in line 1 of exim\.conf:\n/);
  } finally {
    place.remove();
  }
});

test('what a relative name names is found by processes that work in the spool directory', () => {
  const place = new Place('relative');
  try {
    const mailbox = place.path('mail/box');
    place.file(
      'etc/exim.conf',
      `${placeOptions(place)}begin routers\nall:\n driver = accept\n transport = file\nbegin transports\nfile:\n driver = appendfile\n file = ${mailbox}\n user = \${if eq{$caller_uid}{0}{mail}{$caller_uid}}\n`,
    );
    const { stderr } = exim(`${place.directory}/etc`, ['-C', 'exim.conf', '-odi', 'a@b.test'], 'Subject: x\n\nx\n');
    assert.equal(stderr, '');
    assert.match(place.read('log/mainlog'), / => a <a@b\.test> R=all T=file\n/);
  } finally {
    place.remove();
  }
});
