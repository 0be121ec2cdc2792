import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Octets } from '../base/octets.ts';
import { FakeAccounts } from '../system/fakes/host.ts';
import { parseBuildSettings } from './build-settings.ts';
import { Problems } from './problems.ts';

const ROOT = 'root:x:0:0:root:/root:/bin/sh';
const MAIL = 'mail:x:8:12:mail:/var/mail:/bin/false';
const DEBIAN = 'Debian-exim:x:102:104::/var/spool/exim4:/bin/false';
const BERTA = 'berta:x:1000:1000::/home/berta:/bin/sh';

function userOf(text: Octets, uid: number, passwd: readonly Octets[]) {
  const problems = new Problems();
  const accounts = new FakeAccounts(passwd, ['mail:x:12:', 'Debian-exim:x:104:', 'berta:x:1000:']);
  const settings = parseBuildSettings(text, { accounts, machine: { effectiveUid: () => uid }, path: '/eximius.build' }, problems);
  assert.deepEqual(problems.found, []);
  return [settings.eximUser.name, settings.eximUser.uid, settings.eximGroup.name, settings.eximGroup.gid];
}

describe('the user of a program without build settings', () => {
  const cases: readonly (readonly [uid: number, passwd: readonly Octets[], expected: readonly (Octets | number)[]])[] = [
    [1000, [ROOT, MAIL, BERTA], ['berta', 1000, 'berta', 1000]],
    [1001, [ROOT, MAIL, BERTA], ['1001', 1001, '1001', 1001]],
    [0, [ROOT, MAIL, BERTA], ['mail', 8, 'mail', 12]],
    [0, [ROOT, MAIL, DEBIAN], ['Debian-exim', 102, 'Debian-exim', 104]],
  ];
  for (const [uid, passwd, expected] of cases) {
    it(`for uid ${uid} is ${expected[0]}`, () => assert.deepEqual(userOf('', uid, passwd), expected));
  }
  it('is the one that the settings name', () => {
    assert.deepEqual(userOf('exim_user = berta\nexim_group = mail\n', 0, [ROOT, MAIL, DEBIAN, BERTA]), ['berta', 1000, 'mail', 12]);
  });
});
