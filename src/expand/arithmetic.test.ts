import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateArithmetic } from './arithmetic.ts';

const problem = (message: string, processed: string) => `error in expression evaluation: ${message} (after processing "${processed}")`;

const cases: readonly (readonly [string, string])[] = [
  ['1+2*3', '7'],
  ['(1+2)*3', '9'],
  ['2+42%5', '4'],
  ['0xc^5', '9'],
  ['0xc<<1', '24'],
  ['-(~255&0x1234)', '-4608'],
  ['7|8&3^1', '7'],
  ['-5/2', '-2'],
  ['-5%3', '-2'],
  ['--1', '1'],
  ['1k+1m', '1049600'],
  ['99999999999999999999', '9223372036854775807'],
  ['9223372036854775807*2', '-2'],
  ['9223372036854775807+1', problem('overflow in sum', '9223372036854775807+1')],
  ['1/0', problem('divide by zero', '1/0')],
  ['1%0', problem('modulo by zero', '1%0')],
  ['(1', problem('expecting closing parenthesis', '(1')],
  ['1 2', problem('expecting operator', '1 ')],
  ['', problem('expecting number or opening parenthesis', '')],
];

test('expressions', () => {
  for (const [source, wanted] of cases) {
    const result = evaluateArithmetic(source, false);
    assert.equal(typeof result === 'string' ? result : result.kind === 'fail' ? result.message : result.kind, wanted, source);
  }
});

test('decimal only', () => {
  assert.equal(evaluateArithmetic('010', true), '10');
  assert.deepEqual(evaluateArithmetic('0x1', true), { kind: 'fail', message: problem('expecting operator', '0') });
});
