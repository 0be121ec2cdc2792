import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonArrayItems, jsonMember, unquoteJson } from './json.ts';

test('members as they are written', () => {
  const object = '{ "a" : 1, "b" : "x,\\"y}" , "c":{"a":[2,{}]}, "d":null}';
  const members: readonly (readonly [string, string | undefined])[] = [
    ['a', '1'],
    ['b', '"x,\\"y}" '],
    ['c', '{"a":[2,{}]}'],
    ['d', 'null'],
    ['A', undefined],
  ];
  for (const [name, value] of members) assert.deepEqual(jsonMember(object, name), { kind: 'ok', value });
});

test('elements', () => {
  assert.deepEqual(jsonArrayItems('[1,"b",[3,4],{"x":5}]'), { kind: 'ok', value: ['1', '"b"', '[3,4]', '{"x":5}'] });
  assert.deepEqual(jsonArrayItems(' [ ]'), { kind: 'ok', value: [] });
});

test('what is not JSON', () => {
  assert.deepEqual(jsonArrayItems('1,2'), { kind: 'fail', message: "missing '[' wrapping array for extract json" });
  assert.deepEqual(jsonArrayItems('[1,2'), { kind: 'fail', message: "missing ']' wrapping array for extract json" });
  assert.deepEqual(jsonMember('{a:1}', 'a'), { kind: 'fail', message: "missing '\"' wrapping string key for extract json" });
  assert.deepEqual(unquoteJson('1'), { kind: 'fail', message: "missing '\"' wrapping string result for extract jsons" });
});
