import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitCommandLine } from './command-line.ts';

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  ['  /bin/x  a\tb ', ['/bin/x', 'a', 'b']],
  ['x "a b" \'c d\' e\\ f', ['x', 'a b', 'c d', 'e\\', 'f']],
  ['x "a\\"\\n\\x41"', ['x', 'a"\nA']],
  ["x 'a\\n'", ['x', 'a\\n']],
  ['x "open', ['x', 'open']],
  ['x ""', ['x', '']],
];

test('command lines', () => {
  for (const [line, parts] of cases) assert.deepEqual(splitCommandLine(line), parts, line);
});
