/** Transfer encodings: what is decoded and what is noted, however the input is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesFromOctets, octetsFromBytes } from '../../base/octets.ts';
import { makePartDecoder } from './decoders.ts';

function decode(encoding: string | undefined, pieces: readonly string[]): { readonly text: string; readonly level: number } {
  const decoder = makePartDecoder(encoding);
  const out = pieces.map((piece) => octetsFromBytes(decoder.write(bytesFromOctets(piece))));
  return { text: out.join('') + octetsFromBytes(decoder.end()), level: decoder.anomaly?.level ?? 0 };
}

const cases: readonly (readonly [encoding: string | undefined, input: string, text: string, level: number])[] = [
  [undefined, 'a=3D\0\n', 'a=3D\0\n', 0],
  ['8bit', '\xe4', '\xe4', 0],
  ['x-uuencode', 'begin 644 x\n', 'begin 644 x\n', 0],
  ['base64', '', '', 0],
  ['base64', 'aGVsbG8=\n', 'hello', 0],
  ['base64', 'aGVs\r\nbG8=\r\n', 'hello', 0],
  ['base64', 'aGk=aGk=', 'hihi', 0],
  ['base64', 'aGk', 'hi', 0],
  ['base64', 'aG', 'h', 0],
  ['base64', 'a', '', 0],
  ['base64', '====', '', 0],
  ['base64', 'a G V\ts', 'hel', 2],
  ['base64', '-_', '', 2],
  ['base64', 'AP//AA==', '\0\xff\xff\0', 0],
  ['quoted-printable', 'a=C3=a4=3D\n', 'a\xc3\xa4=\n', 0],
  ['quoted-printable', 'a=\nb= \t\nc=\r\nd', 'abcd', 0],
  ['quoted-printable', 'a  \n', 'a  \n', 0],
  ['quoted-printable', 'a=', 'a=', 1],
  ['quoted-printable', 'a=4', 'a=4', 1],
  ['quoted-printable', 'a=4\n', 'a=4\n', 1],
  ['quoted-printable', '==3D', '==', 1],
  ['quoted-printable', '=x =', '=x =', 1],
  ['quoted-printable', '=00=FF', '\0\xff', 0],
];

for (const [encoding, input, text, level] of cases) {
  test(`${encoding ?? 'no encoding'}: ${JSON.stringify(input)}`, () => {
    assert.deepEqual(decode(encoding, [input]), { text, level });
    assert.deepEqual(decode(encoding, [...input]), { text, level });
  });
}

test('what comes out does not depend on how the input is cut', () => {
  const octets = fc.array(fc.constantFrom('=', '=', '3', 'D', 'a', ' ', '\t', '\r', '\n', '\0', '\xff', '=\n', 'aGVs'), { maxLength: 60 });
  fc.assert(
    fc.property(fc.constantFrom('base64', 'quoted-printable'), octets, fc.array(fc.nat(20), { maxLength: 10 }), (encoding, parts, cuts) => {
      const input = parts.join('');
      const pieces: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(input.slice(at, at + cut));
        at += cut;
      }
      assert.deepEqual(decode(encoding, [...pieces, input.slice(at)]), decode(encoding, [input]));
    }),
  );
});

test('what is base64 comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64').replace(/.{20}/g, '$&\n');
      assert.deepEqual(decode('base64', [text]), { text: octetsFromBytes(bytes), level: 0 });
    }),
  );
});
