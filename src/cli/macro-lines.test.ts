/** Lines of `-be` and macros; the answers are Exim's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MacroLines } from './macro-lines.ts';

test('lines use, define and redefine macros', () => {
  const lines = new MacroLines([
    { name: '_HAVE_X', text: 'y', source: 'built-in' },
    { name: 'MAC', text: 'macro ${uc:value}', source: 'configuration' },
    { name: 'GIVEN', text: 'b', source: 'command-line' },
  ]);
  const cases: readonly (readonly [string, string])[] = [
    ['a MAC GIVEN', 'expand a macro ${uc:value} b'],
    ['MAC', 'expand macro ${uc:value}'],
    ['_HAVE_X', 'expand y'],
    ['ZED = q', 'defined ZED'],
    ['aZEDb', 'expand aqb'],
    ['Zz  =  t r ', 'defined Zz'],
    ['|Zz|', 'expand |t r|'],
    ['ZED==again', 'defined ZED'],
    ['ZED', 'expand again'],
    ['GIVEN = c', 'defined GIVEN'],
    ['GIVEN', 'expand b'],
    ['ZED=x', 'wrong macro "ZED" is already defined (use "==" if you want to redefine it)'],
    ['ZED2=x', 'wrong "ZED2" cannot be defined as a macro because previously defined macro "ZED" is a substring'],
    ['New==x', `wrong can't redefine an undefined macro "New"`],
    ['Hello world', 'wrong malformed macro definition'],
    [' Hello', 'expand  Hello'],
    ['lower=3', 'expand lower=3'],
  ];
  for (const [line, wanted] of cases) {
    const answer = lines.read(line);
    const shown = answer.kind === 'expand' ? answer.text : answer.kind === 'defined' ? answer.name : answer.message;
    assert.equal(`${answer.kind} ${shown}`, wanted);
  }
});
