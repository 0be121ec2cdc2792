import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseList, quoteListItem } from './list-text.ts';

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ['', ':', []],
  [' ', ':', []],
  [':', ':', ['']],
  ['a:b', ':', ['a', 'b']],
  [' a : b ', ':', ['a', 'b']],
  ['a::b:c', ':', ['a:b', 'c']],
  ['a: :b', ':', ['a', '', 'b']],
  ['a:b:', ':', ['a', 'b']],
  ['a:b: :', ':', ['a', 'b', '']],
  ['<, a,b:c', ',', ['a', 'b:c']],
  ['<; a;;b', ';', ['a;b']],
  ['<\n a\nb', '\n', ['a', 'b']],
  ['<a b', ':', ['<a b']],
  ['<', ':', []],
];

test('lists', () => {
  for (const [text, separator, items] of cases) assert.deepEqual(parseList(text), { separator, items }, JSON.stringify(text));
});

test('items as they are written', () => {
  assert.equal(quoteListItem('a:b', ':'), 'a::b');
  assert.equal(quoteListItem('', ':'), ' ');
});
