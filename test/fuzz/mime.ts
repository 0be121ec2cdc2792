/**
 * Target for the MIME parser and decoders: a message is walked and each part decoded. It must end, whatever the message is, and what is found does
 * not depend on how its octets are cut.
 */
import assert from 'node:assert/strict';
import { makePartDecoder } from '../../src/message/mime/decoders.ts';
import { parseStructuredField } from '../../src/message/mime/parameters.ts';
import { type ByteSource, WINDOW_BYTES } from '../../src/message/mime/source.ts';
import { walkParts } from '../../src/message/mime/walk.ts';
import { mimeCases } from '../differential/mime-cases.ts';
import type { Target } from './targets.ts';

const MAX_SEED = 4000;

async function describeParts(bytes: Buffer, cut: (piece: Buffer) => readonly Buffer[]): Promise<string[]> {
  const found: string[] = [];
  const source: ByteSource = { read: async (from, length) => bytes.subarray(from, from + length) };
  const end = await walkParts(source, { checksLength: true, maxParts: 200 }, async ({ body, ...facts }) => {
    const decoder = makePartDecoder(facts.contentTransferEncoding);
    const out: Buffer[] = [];
    for await (const whole of body()) for (const piece of cut(whole)) out.push(Buffer.from(decoder.write(piece)));
    out.push(decoder.end());
    found.push(JSON.stringify([facts, decoder.anomaly?.level, Buffer.concat(out).toString('latin1')]));
    return true;
  });
  return [...found, end];
}

function octetByOctet(piece: Buffer): readonly Buffer[] {
  return Array.from(piece, (_, at) => piece.subarray(at, at + 1));
}

export const mime: Target = {
  name: 'mime',
  seeds: mimeCases.filter(({ message, decode }) => decode !== 'none' && message.length < MAX_SEED).map(({ message }) => message),
  words: [
    '\n',
    '\n\n',
    '--foo\n',
    '--foo--\n',
    '--bar\n',
    'Content-Type: ',
    'Content-Transfer-Encoding: base64\n',
    'Content-Transfer-Encoding: quoted-printable\n',
    'multipart/mixed',
    'message/rfc822',
    '; boundary=foo',
    '; boundary="bar"',
    '; name*0*=utf-8',
    '; filename*1=',
    "''",
    '%C3%A4',
    '=?utf-8?Q?',
    '?=',
    '"',
    '\\',
    '(',
    ')',
    ';',
    '=',
    '=3D',
    '=\n',
    '\0',
    '\r',
    ' \n ',
    '\xff',
  ],
  run: async (input) => {
    const bytes = Buffer.from(input, 'latin1');
    const whole = await describeParts(bytes, (piece) => [piece]);
    assert.deepEqual(await describeParts(bytes, octetByOctet), whole);
    const padding = Buffer.from(`X: ${'y'.repeat(WINDOW_BYTES - (bytes.length >> 1))}\n`);
    if (/^[!-9;-~]+:/.test(input) && bytes.length < WINDOW_BYTES)
      assert.deepEqual(await describeParts(Buffer.concat([padding, bytes]), (piece) => [piece]), whole);
    parseStructuredField(input, true);
  },
};
