/** Fields with parameters as mail programs write them, and as others write them who want to hide something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStructuredField } from './parameters.ts';

const cases: readonly (readonly [text: string, value: string, parameters?: Readonly<Record<string, readonly string[]>>])[] = [
  [' text/plain\n', 'text/plain'],
  [' Text / Plain ; Charset = "UTF-8" \n', 'text/plain', { charset: ['UTF-8'] }],
  ['', ''],
  [';;a=b;', '', { a: ['b'] }],
  ['x; a', 'x'],
  ['x; a=; b=""', 'x'],
  ['x;\n\ta=1;\n  b=2', 'x', { a: ['1'], b: ['2'] }],
  ['x; a="1\n 2"', 'x', { a: ['12'] }],
  ['x; a="b;c"; d=e', 'x', { a: ['b;c'], d: ['e'] }],
  ['x; a="b"c"d"; e=f', 'x', { a: ['bcd'], e: ['f'] }],
  ['x; a="b\\"c\\\\d\\e"', 'x', { a: ['b"c\\d\\e'] }],
  ['x; a="b; c=d', 'x', { a: ['b; c=d'] }],
  ['x; a= b c ; d=" e "', 'x', { a: ['b c'], d: [' e '] }],
  ['x; a=b\0c\x01d', 'x', { a: ['bcd'] }],
  ['x; a=1; a=2; A=3', 'x', { a: ['1', '2', '3'] }],
  ['x (c; d=e); f=g', 'x', { f: ['g'] }],
  ['x (c; d=e', 'x(c', { d: ['e'] }],
  ['x; (a=b) c=d (e)', 'x', { c: ['d (e)'] }],
  ['x; __proto__=a; constructor=b', 'x', { ['__proto__']: ['a'], constructor: ['b'] }],
  ["x; a*=utf-8'en'%C3%A4%2", 'x', { a: ['\xc3\xa4%2'] }],
  ['x; a*=%41', 'x', { a: ['A'] }],
  ["x; a*=''b%00c", 'x', { a: ['b c'] }],
  ['x; a*1=b; a*0=a; a*10=k; a*2=c', 'x', { a: ['abck'] }],
  ["x; a*0*=utf-8''%41; a*1=%41; a*2*=%41", 'x', { a: ['A%41A'] }],
  ['x; a=p; a*0=q; a*1=r; a=s', 'x', { a: ['p', 'qr', 's'] }],
  ['x; a*99999=b; *=c; *0=d', 'x', { 'a*99999': ['b'], '*': ['c'], '*0': ['d'] }],
  ['x; a="=?utf-8?Q?=41 b?= =?utf-8?B?Yw==?="', 'x', { a: ['A bc'] }],
  ['x; a="=?utf-8?Q?=00?="', 'x', { a: [' '] }],
];

for (const [text, value, parameters = {}] of cases) {
  test(JSON.stringify(text), () => {
    const field = parseStructuredField(text, true);
    assert.equal(field.value, value);
    assert.deepEqual([...field.parameters], Object.entries(parameters));
  });
}

test('encoded words that are too long are read when their length is not checked', () => {
  const word = `=?utf-8?Q?${'a'.repeat(80)}?=`;
  assert.deepEqual(parseStructuredField(`x; a=${word}`, true).parameters.get('a'), [word]);
  assert.deepEqual(parseStructuredField(`x; a=${word}`, false).parameters.get('a'), ['a'.repeat(80)]);
});
