/** The engine with a small family: texts, names, errors where evaluation reaches them, order when something waits. The golden table has the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineItem } from '../core/define/expansion.ts';
import { defineVariable } from '../core/define/variable.ts';
import { ok } from '../core/outcome.ts';
import type { ExpansionFamily } from '../core/registry.ts';
import { untainted } from '../core/text.ts';
import and from './conditions/and.ts';
import stringComparisons from './conditions/string-comparisons.ts';
import { expandBench, expandCases } from './expand-cases.ts';
import conditional from './items/if.ts';
import map from './items/map.ts';
import lc from './operators/lc.ts';
import substr from './operators/substr.ts';
import scope from './variables/scope.ts';

const trace: string[] = [];

/** Writes its argument into `trace`; after a turn of the event loop when the argument begins with `w`. */
const note = defineItem({
  name: 'note',
  summary: 'For tests.',
  spec: 'extension',
  examples: [],
  arguments: [{ kind: 'string', label: 'arg 1' }],
  compile:
    ([text]) =>
    async (frame) => {
      const outcome = await text.evaluate(frame);
      if (outcome.kind !== 'ok') return outcome;
      if (outcome.value.octets.startsWith('w')) await new Promise((resolve) => setImmediate(resolve));
      trace.push(outcome.value.octets);
      return ok(outcome.value);
    },
});

const family: ExpansionFamily = {
  items: [conditional, map, note],
  operators: [lc, substr],
  conditions: [and, ...stringComparisons],
  variables: [
    ...scope,
    defineVariable({ name: 'late', summary: 'For tests.', spec: 'extension', read: async () => untainted('L') }),
    defineVariable({ name: 'down', summary: 'For tests.', spec: 'extension', read: () => ({ kind: 'defer', message: 'down' }) }),
  ],
};

const bench = expandBench(family);

const fails = (message: string) => ({ kind: 'fail', message }) as const;

expandCases(bench, [
  ['', ''],
  ['plain {text} }', 'plain {text} }'],
  ['\\$a\\\\\\n\\x41\\101', '$a\\\nAA'],
  ['a\\N${lc:X}$\\Nb', 'a${lc:X}$b'],
  ['\\Nto the end$', 'to the end$'],
  ['a\\', fails('\\ at end of string')],
  ['$', fails('$ not followed by letter, digit, or {')],
  ['$nosuch', fails('unknown variable name "nosuch"')],
  ['${nosuch}', fails('unknown variable in "${nosuch}"')],
  ['${nosuch:a}', fails('unknown expansion operator "nosuch"')],
  ['${nosuch a}', fails('"${nosuch" is not a known operator (or a } is missing in a variable reference)')],
  ['${lc:A', fails('missing } at end of string')],
  ['${lc:$h_x}', fails('missing } at end of string - could be header name not terminated by colon')],
  ['${substr_1_2:abcd}${s_-1:xyz}', 'bcxy'],
  ['${late}${lc:$late}$late', 'LlL'],
  ['${if eq{$late}{L}{${if and{{eq{a}{a}}{eq{$late}{L}}}{yes}}}{no}}', 'yes'],
  ['${map{a:b}{$item$late}}', 'aL:bL'],
  ['${if eq{a}{b}{x}fail}$nosuch', { kind: 'forced-fail' }],
  ['$nosuch${if eq{a}{b}{x}fail}', fails('unknown variable name "nosuch"')],
  ['${if eq{a}{b}{$nosuch}{no}}', fails('unknown variable name "nosuch"')],
]);

test('a variable that cannot be read now defers the whole', async () => {
  assert.deepEqual(await bench.expand('x${lc:$down}'), { kind: 'defer', message: 'down' });
});

test('evaluation goes strictly from left to right, also while something waits', async () => {
  trace.length = 0;
  await bench.expand('${note{w1}}${if eq{${note{2}}}{${note{w3}}}{${note{no}}}{${note{4}}}}${note{w5}}');
  assert.deepEqual(trace, ['w1', '2', 'w3', '4', 'w5']);
});

test('what stands before an error is evaluated, what stands behind is not', async () => {
  trace.length = 0;
  await bench.expand('${note{1}}${nosuch:${note{2}}}${note{3}}');
  assert.deepEqual(trace, ['1', '2']);
});

test('a constant is known without evaluation', () => {
  const constantOf = (source: string) => bench.expander.template(source, { file: '', line: 1, column: 1 }, 'test').constant;
  assert.equal(constantOf('a\\x41b'), 'aAb');
  assert.equal(constantOf('\\N$x\\N'), '$x');
  assert.equal(constantOf('a$late'), undefined);
});

test('texts of run time are compiled once', () => {
  assert.equal(bench.expander.runtime('${lc:A}', 'a'), bench.expander.runtime('${lc:A}', 'b'));
});
