import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePunycode, encodePunycode } from './punycode.ts';

/** RFC 3492 s7.1, and common names. */
const samples: readonly (readonly [string, string])[] = [
  ['b\u00fccher', 'bcher-kva'],
  ['\u00e9', '9ca'],
  ['\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587', 'ihqwcrb4cv8a8dqg056pqjye'],
  ['3\u5e74B\u7d44\u91d1\u516b\u5148\u751f', '3B-ww4c5e180e575a65lsy2b'],
];

test('samples', () => {
  for (const [unicode, ascii] of samples) {
    assert.equal(encodePunycode(unicode), ascii);
    assert.equal(decodePunycode(ascii), unicode);
  }
  assert.equal(decodePunycode('!'), undefined);
  assert.equal(decodePunycode('99999999999'), undefined);
});

test('decoding undoes encoding', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(decodePunycode(encodePunycode(text)), text)));
});
