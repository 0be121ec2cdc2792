import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DkimKeyFacts } from '../../core/index.ts';
import { importKey, readKeyRecord } from './key-record.ts';
import { keyRecord, publicKeyOf } from './signing-fixture.ts';

const KEY = publicKeyOf('rsa1024');
const PLAIN: DkimKeyFacts = { isTesting: false, forbidsSubdomains: false, serviceType: '*', granularity: '*', notes: '' };

test('key records', () => {
  const cases: readonly (readonly [record: string, facts: Partial<DkimKeyFacts>])[] = [
    [`p=${KEY}`, {}],
    [`v=DKIM1; k=rsa; p=${KEY}`, {}],
    [`k=rsa; v=DKIM1; p=${KEY};`, {}],
    [` v = DKIM1 ;p = ${KEY.replace(/(.{9})/g, '$1 ')}`, {}],
    [`t=y; p=${KEY}`, { isTesting: true }],
    [`t= s : y ; p=${KEY}`, { isTesting: true, forbidsSubdomains: true }],
    [`t=yes; p=${KEY}`, {}],
    [`s=email; p=${KEY}`, { serviceType: 'email' }],
    [`s=tlsrpt : email; p=${KEY}`, { serviceType: 'tlsrpt:email' }],
    [`g=; n=a=20note; p=${KEY}`, { granularity: '', notes: 'a note' }],
    [`zz=1; p=x; p=${KEY}`, {}],
  ];
  for (const [record, facts] of cases) {
    const read = readKeyRecord([record]);
    assert.deepEqual(read?.facts, { ...PLAIN, ...facts }, record);
    assert.equal(read?.key.toString('base64'), KEY, record);
  }
});

test('several strings are one record; hashes; a key that is revoked', () => {
  const record = keyRecord('rsa2048');
  assert.equal(readKeyRecord([record.slice(0, 255), record.slice(255)])?.key.toString('base64'), publicKeyOf('rsa2048'));
  assert.deepEqual(readKeyRecord([`h=sha1 : sha256; p=${KEY}`])?.hashes, ['sha1', 'sha256']);
  assert.equal(readKeyRecord([`p=${KEY}`])?.hashes, undefined);
  assert.equal(readKeyRecord(['v=DKIM1; p='])?.key.length, 0);
});

test('what is no key record', () => {
  for (const record of ['', 'hello', 'v=spf1 -all', 'v=DKIM1', 'v=DKIM1; p', `v=DKIM2; p=${KEY}`, `P=${KEY}`, 'p=?', `s=tlsrpt; p=${KEY}`])
    assert.equal(readKeyRecord([record]), undefined, record);
});

test('keys and their sizes', () => {
  const octets = (key: Parameters<typeof publicKeyOf>[0]) => Buffer.from(publicKeyOf(key), 'base64');
  assert.equal(importKey(octets('rsa512'), 'rsa')?.bits, 512);
  assert.equal(importKey(octets('rsa2048'), 'rsa')?.bits, 2048);
  assert.equal(importKey(octets('ed25519'), 'ed25519')?.bits, 253);
  const wrapped = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), octets('ed25519')]);
  assert.equal(importKey(wrapped, 'ed25519')?.bits, 253);
  const bare = importKey(octets('rsa1024'), 'rsa')?.key.export({ type: 'pkcs1', format: 'der' });
  assert.ok(bare);
  assert.equal(importKey(bare, 'rsa')?.bits, 1024);
  assert.equal(importKey(octets('ed25519'), 'rsa'), undefined);
  assert.equal(importKey(octets('rsa1024'), 'ed25519'), undefined);
  assert.equal(importKey(wrapped, 'rsa'), undefined);
  assert.equal(importKey(Buffer.alloc(0), 'rsa'), undefined);
  assert.equal(importKey(Buffer.alloc(5000, 0x30), 'rsa'), undefined);
});
