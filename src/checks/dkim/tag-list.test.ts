import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64, decodeQuotedPrintable, readTags, tagValues, withoutSpace } from './tag-list.ts';

test('tags, their values, and where those stand', () => {
  const cases: readonly (readonly [text: string, tags: readonly (readonly [string, string])[]])[] = [
    ['', []],
    [';;;', []],
    ['no tag', []],
    ['a=1', [['a', '1']]],
    ['a=1;', [['a', '1']]],
    [
      ' a = 1 ;\n\tb\t=2=3; c',
      [
        ['a', ' 1 '],
        ['b', '2=3'],
      ],
    ],
    [
      'a=;b=',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    [
      'a=1; a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['=1', [['', '1']]],
  ];
  for (const [text, expected] of cases) {
    const tags = readTags(text);
    assert.deepEqual(
      tags.map(({ name, value }) => [name, value]),
      expected,
      text,
    );
    for (const { value, from } of tags) assert.equal(text.slice(from, from + value.length), value);
  }
});

test('of repeated tags the last counts', () => {
  assert.deepEqual(
    [...tagValues(readTags('a= 1 ;b=2;a=3'))],
    [
      ['a', '3'],
      ['b', '2'],
    ],
  );
});

test('a list of nothing but semicolons takes no longer than its length', () => {
  assert.deepEqual(
    readTags(`${';'.repeat(1_000_000)}a=1`).map(({ from }) => from),
    [1_000_002],
  );
});

test('values', () => {
  assert.equal(withoutSpace(' a\tb\r\n c\xa0 '), 'abc\xa0');
  assert.equal(decodeQuotedPrintable('a=20b=3Dc=c3=g1='), 'a b=c\xc3=g1=');
  assert.equal(decodeBase64('aGV\n sbG8=')?.toString('latin1'), 'hello');
  for (const wrong of ['', ' ', 'a', '***', 'aGVs=bG8', 'aGVs\x80']) assert.equal(decodeBase64(wrong), undefined, wrong);
});
