import assert from 'node:assert/strict';
import test from 'node:test';
import { lazy } from './lazy.ts';

test('lazy: made when it is asked for first, and once', () => {
  const made: string[] = [];
  const list = lazy(() => {
    made.push('made');
    return made;
  });
  assert.deepEqual(made, []);
  assert.equal(list(), list());
  assert.deepEqual(made, ['made']);
});
