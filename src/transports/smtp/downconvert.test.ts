import assert from 'node:assert/strict';
import { test } from 'node:test';
import { octetsFromUnicode } from '../../base/octets.ts';
import { addressToAlabel, type EnvelopeForm, envelopeForm } from './downconvert.ts';

const asItIs: EnvelopeForm = { isUtf8: false, isConverted: false };
const utf8: EnvelopeForm = { isUtf8: true, isConverted: false };
const converted: EnvelopeForm = { isUtf8: false, isConverted: true };

test('what a message is sent as', () => {
  type Case = readonly [
    isUtf8: boolean,
    mode: 'always' | 'if-needed' | undefined,
    setting: string,
    serverTakesUtf8: boolean,
    expected: EnvelopeForm | undefined,
  ];
  const cases: readonly Case[] = [
    [true, undefined, '', true, utf8],
    [true, undefined, '', false, undefined],
    [true, 'always', '', true, converted],
    [true, 'if-needed', '', true, utf8],
    [true, 'if-needed', '', false, converted],
    [true, 'always', '0', true, utf8],
    [true, 'always', '0', false, undefined],
    [true, undefined, '-1', true, utf8],
    [true, undefined, '-1', false, converted],
    [true, undefined, '1', true, converted],
    [false, undefined, '0', false, asItIs],
    [false, 'always', '', true, converted],
  ];
  for (const [isUtf8, downconversion, setting, serverTakesUtf8, expected] of cases)
    assert.deepEqual(
      envelopeForm({ isUtf8, downconversion }, setting, serverTakesUtf8),
      expected,
      `${isUtf8} ${downconversion} "${setting}" ${serverTakesUtf8}`,
    );
});

test('addresses as a-labels', () => {
  const cases: readonly [address: string, expected: string][] = [
    ['', ''],
    ['a@b.example', 'a@b.example'],
    ['他们为什么不说中文@b.example', 'xn--ihqwcrb4cv8a8dqg056pqjye@b.example'],
    ['a@bücher.example', 'a@xn--bcher-kva.example'],
  ];
  for (const [address, expected] of cases) assert.deepEqual(addressToAlabel(octetsFromUnicode(address)), { kind: 'ok', address: expected });
  assert.equal(addressToAlabel('\xff@b.example').kind, 'fail');
});
