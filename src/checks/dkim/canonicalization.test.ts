import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyHashes } from './body-hashes.ts';
import { BodyCanonicalizer, canonicalHeader, type Form } from './canonicalization.ts';
import * as plain from './signing-fixture.ts';

function canonical(pieces: readonly Buffer[], form: Form): string {
  let text = '';
  const canonicalizer = new BodyCanonicalizer(form, (octets) => {
    text += octets.toString('latin1');
  });
  for (const piece of pieces) canonicalizer.push(piece);
  canonicalizer.end();
  return text;
}

test('bodies', () => {
  const cases: readonly (readonly [body: string, simple: string, relaxed: string])[] = [
    ['', '\r\n', ''],
    ['\n\n\n', '\r\n', ''],
    [' \t\n', ' \t\r\n', ''],
    [' \n \n', ' \r\n \r\n', ''],
    ['a', 'a\r\n', 'a\r\n'],
    ['a\n', 'a\r\n', 'a\r\n'],
    ['\na\n\n', '\r\na\r\n', '\r\na\r\n'],
    [' C \nD \t E\n\n\n', ' C \r\nD \t E\r\n', ' C\r\nD E\r\n'],
    ['a\x0b \x0c\xa0 \n', 'a\x0b \x0c\xa0 \r\n', 'a\x0b \x0c\xa0\r\n'],
    ['a\rb \r\n', 'a\rb \r\r\n', 'a\rb \r\r\n'],
  ];
  for (const [body, simple, relaxed] of cases) {
    assert.equal(canonical([Buffer.from(body, 'latin1')], 'simple'), simple, JSON.stringify(body));
    assert.equal(canonical([Buffer.from(body, 'latin1')], 'relaxed'), relaxed, JSON.stringify(body));
  }
});

const octets = fc.array(fc.constantFrom(' ', '\t', '\n', '\n', 'a', '.', '\xe9', '\0'), { maxLength: 60 }).map((chars) => chars.join(''));

test('a body is the same however it is cut, and as the plain way makes it', () => {
  fc.assert(
    fc.property(octets, fc.array(fc.nat(60), { maxLength: 6 }), fc.constantFrom<Form>('simple', 'relaxed'), (text, cuts, form) => {
      const body = Buffer.from(text, 'latin1');
      const places = [0, ...cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b), body.length];
      const pieces = places.slice(1).map((to, index) => body.subarray(places[index], to));
      assert.equal(canonical(pieces, form), plain.canonicalBody(text.replaceAll('\n', '\r\n'), form));
    }),
    { numRuns: 2000 },
  );
});

test('more than the output holds: long lines, many empty lines, much white space', () => {
  const texts = [
    'x'.repeat(200_000),
    `a${'\n'.repeat(100_000)}b\n`,
    `a${' '.repeat(150_000)}b\n`,
    'line of text\n'.repeat(20_000),
    ' a'.repeat(70_000),
  ];
  for (const text of texts)
    for (const form of ['simple', 'relaxed'] as const)
      assert.equal(canonical([Buffer.from(text)], form), plain.canonicalBody(text.replaceAll('\n', '\r\n'), form));
});

test('header lines', () => {
  const cases: readonly (readonly [line: string, relaxed: string])[] = [
    ['A: X\n', 'a:X\r\n'],
    ['B : Y\t\n\tZ  \n', 'b:Y Z\r\n'],
    ['SubJect:\n', 'subject:\r\n'],
    ['X:  a\n \n b\n', 'x:a b\r\n'],
    ['X: \xa0\xc9\n', 'x:\xa0\xc9\r\n'],
    ['X:a:b \n', 'x:a:b\r\n'],
  ];
  for (const [line, relaxed] of cases) {
    assert.equal(canonicalHeader(line, 'relaxed'), relaxed);
    assert.equal(canonicalHeader(line, 'simple'), line.replaceAll('\n', '\r\n'));
    assert.equal(plain.canonicalHeader(line.replaceAll('\n', '\r\n'), 'relaxed'), relaxed);
  }
});

test('hashes of one body in several forms and lengths', () => {
  const body = Buffer.from('a  b\n\nc \n\n');
  const hash = (text: string, name = 'sha256') => createHash(name).update(text).digest('base64');
  const wanted = [
    [{ bodyForm: 'simple', hash: 'sha256', bodyLength: undefined }, hash('a  b\r\n\r\nc \r\n')],
    [{ bodyForm: 'relaxed', hash: 'sha256', bodyLength: undefined }, hash('a b\r\n\r\nc\r\n')],
    [{ bodyForm: 'relaxed', hash: 'sha512', bodyLength: undefined }, hash('a b\r\n\r\nc\r\n', 'sha512')],
    [{ bodyForm: 'relaxed', hash: 'sha1', bodyLength: 4 }, hash('a b\r', 'sha1')],
    [{ bodyForm: 'simple', hash: 'sha256', bodyLength: 0 }, hash('')],
    [{ bodyForm: 'simple', hash: 'sha256', bodyLength: 500 }, hash('a  b\r\n\r\nc \r\n')],
  ] as const;
  const hashes = new BodyHashes(wanted.map(([each]) => each));
  for (const octet of body) hashes.push(Buffer.of(octet));
  hashes.end();
  for (const [each, expected] of wanted) {
    assert.equal(hashes.digest(each).toString('base64'), expected, JSON.stringify(each));
    assert.equal(hashes.digest(each).toString('base64'), expected, 'it can be asked for again');
  }
});

test('a line that is too long, however it is cut', () => {
  const isLong = (pieces: readonly string[]): boolean => {
    const hashes = new BodyHashes([]);
    for (const piece of pieces) hashes.push(Buffer.from(piece));
    return hashes.hasLongLine;
  };
  const [most, more] = ['x'.repeat(16_381), 'x'.repeat(16_382)];
  assert.equal(isLong([`a\n${most}\n${most}\n`]), false);
  assert.equal(isLong([`a\n${more}\n`]), true);
  assert.equal(isLong([more]), true);
  assert.equal(isLong(['a\nx', most.slice(2), 'x\nb']), false);
  assert.equal(isLong(['a\nx', most, '\nb']), true);
});
