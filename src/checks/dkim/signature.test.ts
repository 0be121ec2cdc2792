import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DkimSignature } from '../../core/index.ts';
import { readSignature } from './signature.ts';

const GOOD = 'v=1; a=rsa-sha256; d=test.ex; s=sel; h=From:To; bh=aGVsbG8=; b=aGVsbG8=';

function read(tags: string) {
  return readSignature(`DKIM-Signature: ${tags}\n`);
}

test('what is signed, by whom and how', () => {
  const cases: readonly (readonly [tags: string, facts: Partial<DkimSignature>])[] = [
    ['', { domain: 'test.ex', selector: 'sel', identity: undefined, headerForm: 'simple', bodyForm: 'simple', bodyLength: undefined }],
    [
      '',
      {
        created: undefined,
        expires: undefined,
        headerNames: 'From:To',
        copiedHeaders: undefined,
        signatureBits: 40,
        algorithm: 'rsa-sha256',
      },
    ],
    ['; c=relaxed', { headerForm: 'relaxed', bodyForm: 'simple' }],
    ['; c=relaxed/relaxed', { headerForm: 'relaxed', bodyForm: 'relaxed' }],
    ['; c=simple/relaxed', { headerForm: 'simple', bodyForm: 'relaxed' }],
    ['; c=relaxed/nofws', { headerForm: 'simple', bodyForm: 'simple' }],
    ['; i= joe=40x@test.ex', { identity: 'joe@x@test.ex' }],
    ['; i=', { identity: undefined }],
    ['; l=0', { bodyLength: 0 }],
    ['; l=20', { bodyLength: 20 }],
    ['; l=many', { bodyLength: 0 }],
    ['; l=-1', { bodyLength: undefined }],
    [`; l=${'9'.repeat(76)}`, { bodyLength: Number.MAX_SAFE_INTEGER }],
    ['; t=17; x=18z', { created: 17, expires: 18 }],
    ['; t=soon; x=', { created: undefined, expires: undefined }],
    ['; z=From:a=20b|\n To:c', { copiedHeaders: 'From:a b|To:c' }],
    ['; h = From : \n\tTo ', { headerNames: 'From:To' }],
  ];
  for (const [more, facts] of cases) {
    const signature = read(GOOD + more);
    assert.equal(signature?.fault, undefined, more);
    assert.deepEqual({ ...signature?.facts, ...facts }, signature?.facts, more);
  }
});

test('what cannot be verified', () => {
  for (const tag of ['v', 'd', 's', 'h', 'b']) {
    assert.equal(read(GOOD.replace(new RegExp(`\\b${tag}=[^;]*`), `${tag}=`))?.fault, 'tag-missing', tag);
    assert.equal(read(GOOD.replace(new RegExp(`\\b${tag}=[^;]*`), ''))?.fault, 'tag-missing', tag);
  }
  assert.equal(read(GOOD.replace('v=1', 'v=2'))?.fault, 'version-unknown');
  assert.equal(read(GOOD.replace(' b=aGVsbG8=', ' b=?'))?.fault, 'tag-missing');
  assert.equal(read(GOOD.replace('bh=aGVsbG8=', 'bh='))?.bodyHash, undefined);
});

test('what is no signature for us', () => {
  for (const tags of ['', 'v=1', GOOD.replace('a=rsa-sha256; ', ''), GOOD.replace('rsa-sha256', 'RSA-SHA256'), GOOD.replace('rsa', 'dsa')])
    assert.equal(read(tags), undefined, tags);
});

test('the line is signed without its signature', () => {
  const cases: readonly (readonly [line: string, unsigned: string])[] = [
    ['DKIM-Signature: a=rsa-sha256; b=abc\n', 'DKIM-Signature: a=rsa-sha256; b='],
    ['DKIM-Signature: a=rsa-sha256; b=ab\n\tcd ; c=d\n', 'DKIM-Signature: a=rsa-sha256; b=; c=d\n'],
    ['DKIM-Signature: b=ab\n ;a=rsa-sha256; b = cd;\n', 'DKIM-Signature: b=;a=rsa-sha256; b =;\n'],
    ['DKIM-Signature: a=rsa-sha256; bh=b=; xb=b=c; b=d=e\n', 'DKIM-Signature: a=rsa-sha256; bh=b=; xb=b=c; b='],
  ];
  for (const [line, unsigned] of cases) assert.equal(readSignature(line)?.unsignedLine, unsigned);
});
