import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrowingBuffer } from './growing-buffer.ts';

test('pieces of any size come out in order, and what was taken is not changed by what comes later', () => {
  const buffer = new GrowingBuffer();
  assert.equal(buffer.take().length, 0);
  for (const piece of ['a', '', 'bcd', 'e'.repeat(1000), 'f']) buffer.append(Buffer.from(piece));
  assert.equal(buffer.length, 1005);
  const taken = buffer.take();
  buffer.append(Buffer.from('xyz'));
  assert.equal(taken.toString('latin1'), `abcd${'e'.repeat(1000)}f`);
  assert.equal(buffer.take().toString('latin1'), 'xyz');
});
