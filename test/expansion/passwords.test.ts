/** Password checks by saslauthd, pwcheck and RADIUS, with small servers that speak their protocols. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Frame } from '../../src/core/frame.ts';
import { askPwcheck, askSaslauthd } from '../../src/expand/password-daemons.ts';
import { askRadius } from '../../src/expand/radius.ts';
import { decodeAnswer, encodeAccessRequest } from '../../src/expand/radius-message.ts';
import { createSystem } from '../../src/system/create-system.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { fakeServices, testFrame } from '../../src/system/fakes/services.ts';

function systemFrame(files = new MemoryFiles({ files: {} })): Frame {
  const { net, clock, random } = createSystem();
  return testFrame({ services: fakeServices({ net, clock, random, files }) });
}

/** Answers what it got when that is whole. */
async function openDaemon(context: TestContext, answer: (request: Buffer) => Buffer | undefined): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'daemon-'));
  const path = join(folder, 'mux');
  const server = createServer((socket) => {
    let got: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      const reply = answer(got);
      if (reply) socket.end(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  context.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return path;
}

const yes = { kind: 'ok', value: { value: true } };
const no = { kind: 'ok', value: { value: false } };

test('saslauthd: four counted strings, an answer that begins with OK or NO', async (context) => {
  const requests: string[] = [];
  const socket = await openDaemon(context, (request) => {
    if (!request.toString('latin1').endsWith('realm') && request.length < 14) return undefined;
    requests.push(request.toString('latin1'));
    const text = request.includes('right') ? 'OK welcome' : 'NO';
    return Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
  });
  assert.deepEqual(await askSaslauthd(['u\u00e9', 'right', 'smtp', 'realm'], systemFrame(), socket), yes);
  assert.deepEqual(await askSaslauthd(['u', 'wrong!'], systemFrame(), socket), no);
  assert.deepEqual(requests, ['\0\x02u\u00e9\0\x05right\0\x04smtp\0\x05realm', '\0\x01u\0\x06wrong!\0\0\0\0']);
  const missing = { kind: 'fail', message: 'cannot connect to saslauthd daemon at /no/such: No such file or directory' };
  assert.deepEqual(await askSaslauthd(['u', 'p'], systemFrame(), '/no/such'), missing);
});

test('pwcheck: two strings that end with NUL', async (context) => {
  const socket = await openDaemon(context, (request) =>
    request.toString('latin1').split('\0').length < 3 ? undefined : Buffer.from(request.includes('right') ? 'OK' : 'wrong'),
  );
  assert.deepEqual(await askPwcheck('u', 'right', systemFrame(), socket), yes);
  assert.deepEqual(await askPwcheck('u', 'other', systemFrame(), socket), no);
});

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('radius: the packets of RFC 2865 section 7.1', () => {
  const authenticator = bytes('0f403f9473978057bd83d5cb98f4227a');
  const identity = { id: 0, authenticator, secret: 'xyzzy5461' };
  const request = encodeAccessRequest({ ...identity, user: 'nemo', password: 'arctangent', nasIdentifier: 'x' });
  assert.ok(request?.includes(bytes('01 06 6e 65 6d 6f')), 'the name');
  assert.ok(request?.includes(bytes('02 12 0d be 70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee')), 'the hidden password');
  const answer = bytes('02 00 00 26 86fe220e7624ba2a1005f6bf9b55e0b2 06 06 00000001 0f 06 00000000 0e 06 c0a80103');
  assert.equal(decodeAnswer(answer, identity), 'accept');
  assert.equal(decodeAnswer(answer, { ...identity, secret: 'other' }), undefined, 'not by who knows the secret');
  assert.equal(decodeAnswer(answer, { ...identity, id: 1 }), undefined);
  assert.equal(decodeAnswer(answer.subarray(0, 30), identity), undefined);
  assert.equal(encodeAccessRequest({ ...identity, user: 'u', password: 'x'.repeat(129), nasIdentifier: 'x' }), undefined);
});

/** A server that takes `right` for any user, and first sends something that is no answer. */
async function openRadius(context: TestContext, secret: string): Promise<number> {
  const server = createSocket('udp4');
  context.after(() => server.close());
  server.on('message', (request, from) => {
    const authenticator = request.subarray(4, 20);
    const at = request.indexOf(Buffer.from([2, 18]), 20) + 2;
    const key = createHash('md5').update(secret).update(authenticator).digest();
    const password = Buffer.from(request.subarray(at, at + 16).map((byte, i) => byte ^ (key[i] ?? 0))).toString('latin1');
    const unsigned = Buffer.from(request);
    unsigned.fill(0, 22, 38);
    const isSigned = createHmac('md5', secret).update(unsigned).digest().equals(request.subarray(22, 38));
    const head = Buffer.from([isSigned && password.replace(/\0+$/, '') === 'right' ? 2 : 3, request[1] ?? 0, 0, 20]);
    const mark = createHash('md5').update(head).update(authenticator).update(secret).digest();
    server.send(Buffer.concat([head, Buffer.alloc(16)]), from.port, from.address);
    server.send(Buffer.concat([head, mark]), from.port, from.address);
  });
  return new Promise((resolve) => server.bind(0, '127.0.0.1', () => resolve(server.address().port)));
}

test('radius: servers of the library’s configuration', async (context) => {
  const port = await openRadius(context, 's3cret');
  const closed = await freePort();
  const configuration = (lines: readonly string[]) =>
    systemFrame(
      new MemoryFiles({
        files: { '/etc/radiusclient/radiusclient.conf': `# comment\n${lines.join('\n')}\n`, '/etc/servers': '127.0.0.1\ts3cret\n' },
      }),
    );
  const direct = configuration([`authserver 127.0.0.1:${closed}:s3cret,127.0.0.1:${port}:s3cret`]);
  assert.deepEqual(await askRadius('u', 'right', direct), yes, 'the second server, as nobody listens at the first');
  assert.deepEqual(await askRadius('u', 'wrong', direct), no);
  assert.deepEqual(await askRadius('u', 'right', configuration(['servers /etc/servers', `authserver 127.0.0.1:${port}`])), yes);
  assert.deepEqual(await askRadius('u', 'right', configuration([`authserver 127.0.0.1:${closed}:s3cret`])), {
    kind: 'defer',
    message: 'RADIUS: no server answers',
  });
  assert.deepEqual(await askRadius('u', 'right', systemFrame()), {
    kind: 'fail',
    message: "RADIUS: can't open /etc/radiusclient/radiusclient.conf",
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
