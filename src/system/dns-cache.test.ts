import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsAnswer } from '../core/ports.ts';
import { AnswerCache } from './dns-cache.ts';

function text(octets: number): DnsAnswer {
  const record = { type: 'TXT', name: 'a.test', ttl: 60, chunks: ['x'.repeat(octets)] } as const;
  return { kind: 'found', name: 'a.test', records: [record], isAuthenticated: false, isAuthoritative: false };
}

test('answers are there until their time is over', () => {
  const cache = new AnswerCache(10, 10_000);
  const answer = text(10);
  cache.set('a', answer, 100);
  assert.equal(cache.get('a', 99), answer);
  assert.equal(cache.get('a', 100), undefined);
  assert.equal(cache.get('b', 0), undefined);
});

test('the oldest go when there are too many', () => {
  const cache = new AnswerCache(2, 10_000);
  for (const id of ['a', 'b', 'c']) cache.set(id, text(1), 100);
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => cache.get(id, 0) !== undefined),
    [false, true, true],
  );
});

test('the oldest go when they are too long together, whether it is the answer or the name that is', () => {
  const cache = new AnswerCache(1000, 100_000);
  for (let at = 0; at < 10; at++) cache.set(`long answer ${at}`, text(60_000), 100);
  assert.equal(cache.get('long answer 8', 0), undefined);
  assert.notEqual(cache.get('long answer 9', 0), undefined);
  const failed = { kind: 'fail', message: '' } as const;
  for (let at = 0; at < 10; at++) cache.set(`${'x'.repeat(60_000)}${at}`, failed, 100);
  assert.equal(cache.get(`${'x'.repeat(60_000)}8`, 0), undefined);
  for (let at = 0; at < 10; at++) cache.set('again', text(60_000), 100);
  cache.set('small', text(10), 100);
  assert.notEqual(cache.get('again', 0), undefined, 'what is replaced is not counted');
});
