import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeHeader } from '../message/header.ts';
import { renameDomain } from './domain.ts';

test('addresses of one domain, wherever they stand in a header', () => {
  const to = makeHeader('To: A <a@Short> (x), b@other,\n "c d"@short, <@relay:e@short>\n');
  const subject = makeHeader('Subject: a@short\n');
  assert.deepEqual(renameDomain([to, subject], 'short', 'short.example'), [
    { ...to, type: '*' },
    { ...to, text: 'To: A <a@short.example> (x), b@other,\n "c d"@short.example, <e@short.example>\n' },
    subject,
  ]);
});

test('nothing to change: the same lines', () => {
  const headers = [makeHeader('From: a@shorter\n')];
  assert.equal(renameDomain(headers, 'short', 'short.example'), headers);
});
