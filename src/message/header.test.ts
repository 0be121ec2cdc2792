import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeEncodedWords,
  encodeWords,
  findHeader,
  findHeaders,
  foldHeader,
  headerName,
  headerValue,
  makeHeader,
  splitHeaderLines,
  unfold,
} from './header.ts';

test('names and types', () => {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ['From: a', 'From', 'F'],
    ['TO : a', 'TO', 'T'],
    ['Resent-To: a', 'Resent-To', 'T'],
    ['bcc:', 'bcc', 'B'],
    ['Received: x', 'Received', 'P'],
    ['Message-Id: <x>', 'Message-Id', 'I'],
    ['Subject: x', 'Subject', ' '],
    [': x', '', ' '],
    [' : x', undefined, ' '],
    ['no colon', undefined, ' '],
    ['bad name: x', undefined, ' '],
    ['caf\xe9: x', 'caf\xe9', ' '],
    ['Reply-To:', 'Reply-To', 'R'],
    ['Sender:', 'Sender', 'S'],
    ['Cc:', 'Cc', 'C'],
  ];
  for (const [text, name, type] of cases) {
    assert.equal(headerName(text), name, text);
    assert.deepEqual(makeHeader(text), { type, text: `${text}\n` });
  }
});

test('finding by name leaves out what is deleted', () => {
  const headers = [
    makeHeader('Subject: one\n'),
    { type: '*' as const, text: 'Subject: two\n' },
    makeHeader('subject : three\n'),
    makeHeader('Subject-x: no\n'),
  ];
  assert.deepEqual(findHeaders(headers, 'SUBJECT').map(headerValue), ['one', 'three']);
  assert.equal(findHeader(headers, 'to'), undefined);
});

test('splitting and unfolding', () => {
  const lines = splitHeaderLines('To: a,\n b\nSubject: x\n\ty\nEnd: z');
  assert.deepEqual(
    lines.map((line) => line.text),
    ['To: a,\n b\n', 'Subject: x\n\ty\n', 'End: z\n'],
  );
  assert.equal(unfold('a,\n b\r\n\tc'), 'a, b\tc');
});

test('encoded words', () => {
  const utf8 = { charset: 'UTF-8' };
  assert.equal(decodeEncodedWords('=?iso-8859-1?Q?caf=E9_x?= y', utf8), 'caf\xc3\xa9 x y');
  assert.equal(decodeEncodedWords('=?utf-8?B?w6k=?=\n =?utf-8?q?a?= =?utf-8?q?b?=', utf8), '\xc3\xa9ab');
  assert.equal(decodeEncodedWords('=?utf-8?B?w6k=?=', { charset: 'ISO-8859-1' }), '\xe9');
  assert.equal(decodeEncodedWords('=?utf-8?Q?=ZZ?= =?x', utf8), '=?utf-8?Q?=ZZ?= =?x');
  assert.equal(decodeEncodedWords('=?no-such?Q?a=E9?=', utf8), 'a\xe9');
  const long = `=?utf-8?Q?${'a'.repeat(100)}?=`;
  assert.equal(decodeEncodedWords(long, utf8), long);
  assert.equal(decodeEncodedWords(long, { ...utf8, checkLength: false }), 'a'.repeat(100));
});

test('encoding and decoding are inverse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).toString('latin1');
      const encoded = encodeWords(text, 'iso-8859-1');
      if (encoded !== text) assert.equal(decodeEncodedWords(encoded, { charset: 'iso-8859-1' }), text);
      for (const word of encoded.split(' ')) if (encoded !== text) assert.ok(word.length <= 75);
    }),
  );
});

test('folding keeps the words and the limit where it can', () => {
  const text = `Received: ${'word '.repeat(60)}end`;
  const folded = foldHeader(text);
  assert.ok(folded.split('\n').every((line) => line.length <= 78));
  assert.equal(unfold(folded), text);
  assert.equal(foldHeader('x'.repeat(200)), 'x'.repeat(200));
});

test('an encoded word cuts no UTF-8 character', () => {
  const words = encodeWords('\xe2\x82\xac'.repeat(20), 'UTF-8').split(' ');
  assert.equal(words.length, 3);
  for (const word of words) {
    assert.ok(word.length <= 75);
    assert.match(word, /^=\?UTF-8\?Q\?(?:=E2=82=AC)+\?=$/);
  }
  assert.equal(encodeWords('\x82\xe2', 'UTF-8'), '=?UTF-8?Q?=82=E2?=');
});
