/** Messages with DKIM signatures and the record of their key: whatever they are, what is found does not depend on how the message is cut in reading. */
import { deepEqual } from 'node:assert/strict';
import { keyRecord, type Signing, signatureLine } from '../../src/checks/dkim/signing-fixture.ts';
import { DkimVerifier, type Verification } from '../../src/checks/dkim/verifier.ts';
import type { Body, MessageSink } from '../../src/core/index.ts';
import { MessageReceiver } from '../../src/receive/message-input.ts';
import { DataDecoder } from '../../src/smtp/data-decoder.ts';
import type { Target } from './targets.ts';

/** Between the key record and the message. */
const SEPARATOR = '\n%%\n';

const OPTIONS = {
  dkim_verify_hashes: 'sha256:sha512:sha1',
  dkim_verify_keytypes: 'ed25519:rsa',
  dkim_verify_min_keysizes: 'rsa=1024',
  dkim_verify_minimal: false,
} as const;

const SIGNING: Signing = {
  headers: ['From: Joe <joe@test.ex>\r\n', 'Subject: a \r\n  test\r\n', 'X-A: 1\r\n', 'X-A: 2\r\n'],
  body: 'Hello  Ann,\r\n\r\nthis is \t a test. \r\n \r\nJoe\r\n\r\n\r\n',
  key: 'rsa1024',
};

function seed(signing: Partial<Signing>): string {
  const whole = { ...SIGNING, ...signing };
  return `${keyRecord(whole.key)}${SEPARATOR}${signatureLine(whole)}${whole.headers.join('')}\r\n${whole.body}`;
}

/** Octets in a piece; the last is for the whole. */
const SIZES = [1, 2, 7, 64, Number.MAX_SAFE_INTEGER];

async function verify(message: Buffer, record: string, size: number): Promise<Verification | undefined> {
  let verifier: DkimVerifier | undefined;
  const decoder = new DataDecoder('end-of-input');
  const receiver = new MessageReceiver(NOWHERE, { messageBytes: 0, headerBytes: 0, headerLineBytes: 0 }, (headers) => {
    verifier = DkimVerifier.begin(headers, OPTIONS, (name) => ({
      kind: 'found',
      name,
      records: [{ type: 'TXT', name, ttl: 1, chunks: [record.slice(0, 200), record.slice(200)] }],
      isAuthenticated: false,
      isAuthoritative: false,
    }));
    return verifier;
  });
  for (let at = 0; at < message.length; at += size) await receiver.take(decoder.push(message.subarray(at, at + size)).output);
  await receiver.take(decoder.finish());
  await receiver.finish(decoder);
  return verifier?.finish();
}

const NOTHING: Body = {
  sizeBytes: 0,
  bytes: undefined,
  head: () => ({ kind: 'ok', value: Buffer.alloc(0) }),
  tail: () => ({ kind: 'ok', value: Buffer.alloc(0) }),
  chunks: async function* () {},
};

const NOWHERE: MessageSink = {
  id: 'x',
  write: () => ({ kind: 'ok', value: undefined }),
  body: () => NOTHING,
  commit: async () => ({ kind: 'error', errno: 'EROFS', reason: 'nothing is kept' }),
  abort: () => undefined,
};

export const dkim: Target = {
  name: 'dkim',
  seeds: [
    seed({}),
    seed({ canonicalization: ['simple', 'simple'], names: ['From', 'X-A', 'X-A', 'X-A'], bodyLength: 20 }),
    seed({ key: 'ed25519', tags: { i: 'joe=40x@test.ex', t: '1', x: '2', z: 'From:x|To:y' } }),
    seed({ key: 'rsa2048', algorithm: 'rsa-sha512', fold: (text) => text.replace(/(.{40})/g, '$1\r\n\t') }),
  ],
  words: [
    'DKIM-Signature: ',
    'b=',
    'bh=',
    'h=',
    'l=0',
    'c=relaxed/simple',
    'a=rsa-sha1',
    ';',
    '=',
    '=3D',
    ':',
    'p=',
    'v=DKIM1',
    'k=',
    '\r\n',
    '\r\n ',
    '\n',
    '\r',
    ' ',
    '\t',
    '\0',
    '\xa0',
    '\r\n\r\n',
    SEPARATOR,
  ],
  run: async (input) => {
    const at = input.indexOf(SEPARATOR);
    const [record, text] = at < 0 ? ['', input] : [input.slice(0, at), input.slice(at + SEPARATOR.length)];
    const message = Buffer.from(text, 'latin1');
    const whole = await verify(message, record, Number.MAX_SAFE_INTEGER);
    for (const size of SIZES) deepEqual(await verify(message, record, size), whole);
  },
};
