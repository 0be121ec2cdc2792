import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatText, type Text, tainted, untainted } from '../core/text.ts';
import { splitCommandLine, splitCommandText, staysInArguments, taintedShellText } from './command-line.ts';

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

/** What stands in angle brackets came from outside. */
function marked(line: string): Text {
  return concatText(line.split(/(<[^>]*>)/).map((part) => (part.startsWith('<') ? tainted(part.slice(1, -1)) : untainted(part))));
}

function shown({ octets, taint }: Text): string {
  let text = octets;
  for (const { from, to } of taint.toReversed()) text = `${text.slice(0, from)}<${text.slice(from, to)}>${text.slice(to)}`;
  return text;
}

test('arguments keep what is tainted in them', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['/bin/x a<b>c d', ['/bin/x', 'a<b>c', 'd']],
    ['/bin/x "a <b> c" d', ['/bin/x', 'a <b> c', 'd']],
    ["/bin/x 'a <b>' <c>", ['/bin/x', 'a <b>', '<c>']],
    ['/bin/x "a\\n<b>" "c\\n"', ['/bin/x', '<a\nb>', 'c\n']],
  ];
  for (const [line, parts] of cases) {
    const got = splitCommandText(marked(line));
    assert.deepEqual(got.map(shown), parts, line);
    assert.deepEqual(
      got.map(({ octets }) => octets),
      splitCommandLine(marked(line).octets),
    );
  }
});

test('what came from outside may not end its argument', () => {
  for (const part of ['a', 'a/b', '-c', ';', '$x', '\xe9']) assert.ok(staysInArguments(marked(`x <${part}>`)), part);
  for (const part of ['a b', '\t', '\n', '"', "'", '\\', '\0']) assert.ok(!staysInArguments(marked(`x <${part}>`)), part);
});

test('no shell runs what came from outside', () => {
  const refused = [
    '/bin/sh -c "echo <x>"',
    'bash -ec "echo <x>"',
    '/usr/bin/env sh -c <x>',
    'env A=b zsh -c "<x>"',
    'nice -n 5 /bin/dash -c <x>',
    'sh -c -e "echo <x>"',
    'sh -e -c "echo <x>"',
    'bash --norc -c <x>',
    'bash -o pipefail -c <x>',
    'bash -euo pipefail -c <x>',
    'bash5 -c <x>',
    'ksh93 -c <x>',
    'sh -<c> "rm x"',
    'sh <-c> "rm x"',
    'busybox sh -c <x>',
    'su user -c "echo <x>"',
    'env -S "sh -c <x>"',
    'env -i --split-string=<x>',
    'sh -c "exec \\"$@\\"" sh bash -c <x>',
  ];
  const run = [
    '/bin/deliver -c <x>',
    '/bin/sh -c "echo x"',
    '/bin/sh -c \'deliver "$1"\' sh <x>',
    '/bin/sh /etc/deliver.sh <x>',
    '/bin/bash --norc /etc/deliver.sh -c <x>',
    'env A=<x> deliver <x>',
    '/bin/push -c <x>',
  ];
  for (const line of refused) assert.ok(taintedShellText(splitCommandText(marked(line))) !== undefined, line);
  for (const line of run) assert.equal(taintedShellText(splitCommandText(marked(line))), undefined, line);
});
