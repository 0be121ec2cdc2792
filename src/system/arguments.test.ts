import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentOctets } from './arguments.ts';

const line = (...words: string[]) => Buffer.from(words.map((word) => `${word}\0`).join(''), 'latin1');

test('arguments in UTF-8 are its octets', () => {
  assert.deepEqual(argumentOctets(['-F', 'é'], assert.fail), ['-F', '\xc3\xa9']);
});

test('what is no UTF-8 stays as it was given', () => {
  const raw = line('node', '--flag', 'exim.js', '-F', 'M\xe8\xe9', '-f', '\xc3\xa9');
  assert.deepEqual(
    argumentOctets(['-F', 'M\ufffd\ufffd', '-f', 'é'], () => raw),
    ['-F', 'M\xe8\xe9', '-f', '\xc3\xa9'],
  );
});

test('a command line that is another one does not count', () => {
  assert.deepEqual(
    argumentOctets(['\ufffd'], () => line('node', 'x')),
    ['\xef\xbf\xbd'],
  );
  assert.deepEqual(
    argumentOctets(['\ufffd'], () => Buffer.alloc(0)),
    ['\xef\xbf\xbd'],
  );
});
