/**
 * Expansions of random and mutated text: nothing throws, hangs or nests without bound; a run that is forced to be asynchronous gives
 * what the synchronous one gives.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { defineVariable } from '../../src/core/define/variable.ts';
import type { ExpansionFamily } from '../../src/core/registry.ts';
import { untainted } from '../../src/core/text.ts';
import { simplified } from '../../src/expand/expand-cases.ts';
import { openExpansionBench } from '../differential/expansion-bench.ts';

const bench = await openExpansionBench();
const runs = { numRuns: 2000 };

const lines = readFileSync(join(import.meta.dirname, '../differential/golden.tsv'), 'utf8')
  .split('\n')
  .filter((row) => row !== '')
  .map((row): string => JSON.parse(row.slice(0, row.indexOf('\t'))));

/** Every variable answers later: each expansion that has one becomes asynchronous. */
function lateFamily(family: ExpansionFamily): ExpansionFamily {
  const variables = family.variables.map((variable) => defineVariable({ ...variable, read: async (frame) => variable.read(frame) }));
  return { ...family, variables };
}

const late = bench.makeExpander(lateFamily(bench.family));

const syllables = [
  '${',
  '}',
  '{',
  '$',
  '\\',
  '\\N',
  ':',
  '_',
  ' ',
  'if',
  'eq',
  'and',
  'match',
  'lookup',
  'lsearch',
  'extract',
  'json',
  'sg',
  'map',
  'lc',
  'eval',
  '1',
  '-2',
  '/x',
  'a',
  'fail',
  '$h_',
  '$acl_m0',
  '$value',
  '$item',
  '\xe9',
  '\0',
  '\n',
  '(',
  '[',
  '"',
  ',',
  '<',
  '>',
  '=',
  '!',
];
const soup = fc.array(fc.constantFrom(...syllables), { maxLength: 40 }).map((parts) => parts.join(''));

/** A line of the table with a piece cut out, doubled or replaced. */
const mutant = fc
  .tuple(fc.constantFrom(...lines), fc.nat(), fc.nat(12), fc.constantFrom('', ...syllables))
  .map(([line, at, length, put]) => {
    const from = at % (line.length + 1);
    return line.slice(0, from) + put + line.slice(from + length);
  });

const source = fc.oneof(soup, mutant);

test('nothing throws, and `check` looks at everything', async () => {
  await fc.assert(
    fc.asyncProperty(source, async (text) => {
      const template = bench.expander.template(text, { file: 'fuzz', line: 1, column: 1 }, 'fuzz');
      template.problems();
      await template.evaluate(bench.frame());
    }),
    runs,
  );
});

test('synchronous and asynchronous runs agree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(source, source), async ([first, second]) => {
      // A variable before and between makes what follows asynchronous, without changing it.
      const text = `$primary_hostname${first}$primary_hostname${second}`;
      const now = await bench.expander.template(text, { file: 'fuzz', line: 1, column: 1 }, 'fuzz').evaluate(bench.frame());
      const later = await late.template(text, { file: 'fuzz', line: 1, column: 1 }, 'fuzz').evaluate(bench.frame());
      assert.deepEqual(simplified(later), simplified(now), text);
    }),
    { numRuns: 1500 },
  );
});

test('the table gives the same when every variable is late', async () => {
  for (const line of lines) {
    const now = await bench.expander.template(line, { file: 'fuzz', line: 1, column: 1 }, 'fuzz').evaluate(bench.frame());
    const later = await late.template(line, { file: 'fuzz', line: 1, column: 1 }, 'fuzz').evaluate(bench.frame());
    assert.deepEqual(simplified(later), simplified(now), line);
  }
});

test('deep nesting is refused, not followed', async () => {
  for (const [open, close] of [
    ['${lc:', '}'],
    ['${if eq{a}{a}{', '}}'],
    ['${if !', ''],
    ['${if and{{', '}}{y}}'],
    ['${map{a}{', '}}'],
    ['${eval:(', '}'],
    ['{', '}'],
  ] as const) {
    const text = open.repeat(20_000) + close.repeat(20_000);
    const outcome = await bench.expander
      .template(text, { file: 'fuzz', line: 1, column: 1 }, 'fuzz')
      .evaluate(bench.frame({ captures: [untainted('')] }));
    assert.ok(outcome.kind === 'ok' || outcome.kind === 'fail');
  }
  const deepEval = `\${eval:${'('.repeat(100_000)}1${')'.repeat(100_000)}}`;
  assert.equal(
    (await bench.expander.template(deepEval, { file: 'fuzz', line: 1, column: 1 }, 'fuzz').evaluate(bench.frame())).kind,
    'fail',
  );
});
