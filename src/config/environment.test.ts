import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegexEngine } from '../system/regex.ts';
import { keptEnvironment } from './environment.ts';

const environment = new Map([
  ['A', '1'],
  ['AB', '2'],
  ['ABC', '3'],
  ['CD', '4'],
  ['CDE', '5'],
]);

const cases: readonly (readonly [keep: string | undefined, add: string | undefined, ...kept: readonly string[]])[] = [
  [undefined, undefined],
  ['', undefined],
  ['*', undefined, 'A=1', 'AB=2', 'ABC=3', 'CD=4', 'CDE=5'],
  ['A* : ^C.$ : !AB : AB', undefined, 'CD=4'],
  ['!A : *', undefined, 'AB=2', 'ABC=3', 'CD=4', 'CDE=5'],
  ['A : AB', 'X=y:A=q: Z = a=b : nothing', 'A=q', 'AB=2', 'X=y', 'Z = a=b'],
];

for (const [keep, add, ...kept] of cases) {
  test(`keep_environment = ${keep}, add_environment = ${add}`, () => {
    const left = keptEnvironment({ keep_environment: keep, add_environment: add }, environment, new RegexEngine());
    assert.deepEqual(
      [...left].map(([name, value]) => `${name}=${value}`),
      kept,
    );
  });
}
