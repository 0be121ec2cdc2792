import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assetPath } from '../system/assets.ts';
import { configChoice } from './config-choice.ts';

const build = { configureFiles: ['/etc/a', '/etc/b'] };

const cases: readonly (readonly [
  name: string,
  files: readonly string[] | undefined,
  macros: number,
  uid: number,
  own: boolean,
  trusted: boolean,
])[] = [
  ['nothing chosen', undefined, 0, 1000, false, false],
  ['nothing chosen, by root', undefined, 0, 0, false, true],
  ["the build's list", ['/etc/a', '/etc/b'], 0, 1000, false, false],
  ["a part of the build's list", ['/etc/a'], 0, 1000, true, false],
  ["a part of the build's list, by root", ['/etc/a'], 0, 0, true, true],
  ['a macro', undefined, 1, 1000, true, false],
  ["the program's default, by root", [assetPath('config/default.conf')], 0, 0, true, false],
];

for (const [name, configFiles, count, uid, isOwn, mustBeTrusted] of cases) {
  test(`choice of a configuration: ${name}`, () => {
    const macros = count === 0 ? [] : [['A', ''] as const];
    const paths = configFiles ?? build.configureFiles;
    assert.deepEqual(configChoice({ configFiles, macros }, build, uid), { paths, macros, isOwn, mustBeTrusted });
  });
}
