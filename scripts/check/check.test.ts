import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import test from 'node:test';
import { checkLayers } from './layers.ts';
import { checkModuleState } from './module-state.ts';
import { checkOctets } from './octets.ts';
import { readSource } from './source.ts';

const root = dirname(dirname(import.meta.dirname));

test('source: comments, texts and regular expressions are told from code', () => {
  const source = readSource('a.ts', "a('x') / b; // c'\nconst r = /[/']\\//gi, t = `d${e['f']}g`; return /h/.test(1 / 2 / 3) /* i */");
  assert.deepEqual(
    source.strings.map(({ text }) => text),
    ['x', 'd', 'f', 'g'],
  );
  assert.deepEqual(
    source.comments.map(({ text }) => text),
    ["// c'", '/* i */'],
  );
  assert.deepEqual(
    source.regexes.map(({ text, flags }) => [text, flags]),
    [
      ["[/']\\/", 'gi'],
      ['h', ''],
    ],
  );
  assert.equal(source.code.length, source.text.length);
});

test('octets: forbidden functions are found unless a comment says why', () => {
  const cases: [text: string, lines: number[]][] = [
    ['a.trim()', [1]],
    ['"a.trim()" // b.trim()', []],
    ['a.trim() // octets: ASCII by the check above', []],
    ['// octets: digits only\nNumber(a)', []],
    ['b(); // octets: digits only\nNumber(a)', [2]],
    ['// octets:\nNumber(a)', [2]],
    ['Number.isInteger(a)', []],
    ['/\\s/.test(a)', [1]],
    ['/\\\\s/.test(a)', []],
    ['/[\\s\\S]/.test(a)', []],
    ['/x/i.test(a)', [1]],
    ['`${a.toLowerCase()}`', [1]],
  ];
  for (const [text, lines] of cases) {
    assert.deepEqual(
      checkOctets([readSource('src/acl/a.ts', text)]).map(({ line }) => line),
      lines,
      text,
    );
  }
  assert.deepEqual(checkOctets([readSource('src/base/a.ts', 'a.trim()')]), []);
});

test('module state: what can change at module level is found', () => {
  const cases: [text: string, found: number][] = [
    ['let a = 1;', 1],
    ['var a = 1;', 1],
    ['export const a = new Map<string, number>();', 1],
    ['export const a: ReadonlyMap<string, number> = new Map();', 0],
    ['const a: readonly string[] = [];', 0],
    ['const a: string[] = [];', 1],
    ['const a = {};', 1],
    ['const a = { b: 1 };', 0],
    ['const a = new WeakMap();', 1],
    ['function f() { let a = new Map(); }', 0],
    ['const f = () => { let a = []; };', 0],
    ['class A { static b = 1; }', 1],
    ['class A { static readonly b = 1; static c() { return 1; } }', 0],
  ];
  for (const [text, found] of cases) assert.equal(checkModuleState([readSource('src/acl/a.ts', text)]).length, found, text);
});

test('layers: a folder uses only lower ones, and only system/ the outside', () => {
  const cases: [file: string, specifier: string, isAllowed: boolean][] = [
    ['src/core/a.ts', '../base/octets.ts', true],
    ['src/base/a.ts', '../core/text.ts', false],
    ['src/core/a.ts', './text.ts', true],
    ['src/core/a.ts', './no-such-file.ts', false],
    ['src/acl/a.ts', '../system/regex.ts', true],
    ['src/system/a.ts', 'node:fs', true],
    ['src/acl/a.ts', 'node:fs/promises', false],
    ['src/acl/a.test.ts', 'node:fs', true],
    ['src/acl/a.ts', 'node:util', true],
    ['src/system/a.ts', 'dns-packet', true],
    ['src/acl/a.ts', 'dns-packet', false],
    ['src/lookups/drivers/a.ts', 'koffi', false],
    ['src/system/a.ts', 'left-pad', false],
    ['src/acl/a.ts', '../../scripts/gen.ts', false],
    ['src/acl/a.test.ts', '../builtin.ts', true],
    ['src/acl/a.ts', '../builtin.ts', false],
    ['src/cli/a.ts', '../builtin.ts', true],
  ];
  for (const [file, specifier, isAllowed] of cases) {
    for (const text of [`import type { A } from '${specifier}';`, `const a = await import('${specifier}');`]) {
      assert.equal(checkLayers(root, [readSource(file, text)]).length, isAllowed ? 0 : 1, `${file}: ${text}`);
    }
  }
});
