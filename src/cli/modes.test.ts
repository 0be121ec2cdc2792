import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from './arguments.ts';
import { chosenMode } from './modes.ts';

const CASES: readonly (readonly [line: string, mode: string])[] = [
  ['-i', 'help'],
  ['-bm', 'help'],
  ['-bnq', 'help'],
  ['-bm someone', 'receive'],
  ['-bm -t', 'receive'],
  ['someone', 'receive'],
  ['-q', 'queue-run'],
  ['-q30m', 'daemon'],
  ['-bt', 'address-test'],
];

for (const [line, mode] of CASES) {
  test(`exim ${line} is mode ${mode}`, () => {
    const parsed = parseArguments('exim', line.split(' '));
    assert.equal(parsed.kind === 'ok' ? chosenMode(parsed.invocation).kind : parsed.message, mode);
  });
}
