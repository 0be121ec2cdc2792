/** `${dlfunc` with modules of its own making. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { SystemFiles } from '../../src/system/files.ts';
import { SystemModules } from '../../src/system/modules.ts';
import { Native } from '../../src/system/native.ts';
import { openExpansionBench } from '../differential/expansion-bench.ts';

const program = `
let calls: number = 0;
export const count = (): number => ++calls;
export const join = (args: readonly string[]): string => args.join('|');
export const later = async (args: readonly string[]): Promise<string> => args[0] + '!';
export const nothing = (): undefined => undefined;
export const wide = (): string => '\\u20ac';
export function fails(): never { throw new Error('not today'); }
export function defers(): never { throw Object.assign(new Error('come back'), { defer: true }); }
export const value = 7;
`;

test('functions of a module: values, failures, what is not there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dlfunc-'));
  try {
    const path = join(folder, 'functions.ts');
    writeFileSync(path, program);
    writeFileSync(join(folder, 'broken.js'), 'export const = 1;');
    writeFileSync(join(folder, 'functions.so'), '');
    const log = new FakeLog();
    const bench = await openExpansionBench({ modules: new SystemModules(new SystemFiles(new Native())), log });
    const expand = (source: string) => bench.expander.runtime(source, 'test').evaluate(bench.frame());
    const value = (octets: string) => ({ kind: 'ok', value: { octets, taint: [] } });
    const cases: readonly (readonly [string, unknown])[] = [
      ['{join}{a}{b c}{\u00e9}', value('a|b c|\u00e9')],
      ['{join}', value('')],
      ['{later}{x}', value('x!')],
      ['{count}', value('1')],
      ['{count}', value('2')],
      ['{nothing}', { kind: 'forced-fail', message: '(no message)' }],
      ['{fails}', { kind: 'fail', message: 'not today' }],
      ['{defers}', { kind: 'defer', message: 'come back' }],
      ['{wide}', { kind: 'fail', message: 'wide returned more than octets' }],
      ['{value}', { kind: 'fail', message: `dlsym "value" in "${path}" failed: ${path}: undefined symbol: value` }],
    ];
    for (const [source, wanted] of cases) assert.deepEqual(await expand(`\${dlfunc{${path}}${source}}`), wanted, source);

    const so = join(folder, 'functions.so');
    const reason = 'only modules in JavaScript or TypeScript (.js, .mjs, .cjs, .ts, .mts, .cts) are loaded';
    assert.deepEqual(await expand(`\${dlfunc{${so}}{f}}`), { kind: 'fail', message: `dlopen "${so}" failed: ${so}: ${reason}` });
    const missing = {
      kind: 'fail',
      message: 'dlopen "/no/such.js" failed: /no/such.js: cannot open shared object file: No such file or directory',
    };
    assert.deepEqual(await expand('${dlfunc{/no/such.js}{f}}'), missing);
    assert.equal((await expand(`\${dlfunc{${join(folder, 'broken.js')}}{f}}`)).kind, 'fail');
    assert.ok(log.panicLines.includes(missing.message));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
