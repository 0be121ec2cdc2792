import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthDialogue, AuthenticatorInstance, Origin, TlsFacts } from '../../core/index.ts';
import { untainted } from '../../core/index.ts';
import { FakeConnection, FakeNet, type FakePeer } from '../../system/fakes/net.ts';
import { fakeServices, testFrame, testLocation } from '../../system/fakes/services.ts';
import { encodeBase64 } from '../base64.ts';
import { authenticate } from '../server.ts';
import dovecot from './dovecot.ts';

const SOCKET = '/run/dovecot/auth-client';
const GREETING = 'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tlogin\nSPID\t7\nCUID\t1\nCOOKIE\tab\nDONE\n';

interface World {
  readonly peer: FakePeer;
  readonly name?: string;
  readonly data?: string;
  /** What the client says to challenges. */
  readonly answers?: readonly (string | undefined)[];
  readonly origin?: Partial<Origin>;
  readonly socket?: string;
}

async function run(world: World) {
  const connection = new FakeConnection(world.peer);
  const net = new FakeNet({ [SOCKET]: () => connection });
  const generic = { public_name: world.name ?? 'PLAIN' };
  const behaviour = dovecot.create?.({ server_socket: world.socket ?? SOCKET, server_tls: false }, { name: 'dove', generic });
  const instance: AuthenticatorInstance = {
    name: 'dove',
    driver: 'dovecot',
    at: testLocation,
    generic,
    own: {},
    settings: new Map(),
    notYet: [],
    publicName: generic.public_name,
    behaviour,
  };
  const asked: string[] = [];
  const answers = [...(world.answers ?? [])];
  const dialogue: AuthDialogue = {
    challenge: async (text) => {
      asked.push(text);
      return answers.shift();
    },
  };
  const frame = testFrame({ services: fakeServices({ net }), ...(world.origin ? sessionOf(world.origin) : {}) });
  const result = await authenticate(instance, world.data ?? encodeBase64('\0fred\0secret'), dialogue, frame);
  return { result, asked, written: connection.written.replace(/CPID\t\d+/, 'CPID\tn'), isClosed: connection.isClosed, net };
}

/** Only the origin of a session is looked at. */
function sessionOf(origin: Partial<Origin>): { readonly session: never } {
  return { session: { state: { origin } } as never };
}

/** Says the pieces one after another, each when the one before was answered; then is silent. */
function says(...pieces: readonly string[]): FakePeer {
  const rest = [...pieces];
  return () => rest.shift() ?? { ending: 'timeout' };
}

const failed = (reason: string) => ({
  kind: 'failed',
  code: '435',
  reply: 'Unable to authenticate at present',
  reason,
  id: undefined,
});

test('a user with the password at once; what the service is told', async () => {
  const { result, written, isClosed } = await run({ peer: says(GREETING, 'OK\t1\tuser=fred\n') });
  assert.equal(result.kind, 'ok');
  assert.equal(written, 'VERSION\t1\t0\nCPID\tn\nAUTH\t1\tPLAIN\tservice=smtp\tnologin\tresp=AGZyZWQAc2VjcmV0\n');
  assert.equal(isClosed, true);
});

test('the client number is another for each connection', async () => {
  const numbers = new Set<string>();
  const random = { below: (limit: number) => Math.min(limit - 1, numbers.size), bytes: () => new Uint8Array() };
  for (let i = 0; i < 2; i++) {
    const connection = new FakeConnection(says(GREETING, 'OK\t1\tuser=fred\n'));
    const services = fakeServices({ net: new FakeNet({ [SOCKET]: () => connection }), random });
    const behaviour = dovecot.create?.({ server_socket: SOCKET, server_tls: false }, { name: 'dove', generic: { public_name: 'PLAIN' } });
    await behaviour?.server?.('x', { challenge: async () => undefined }, testFrame({ services }));
    numbers.add(/CPID\t(\d+)/.exec(connection.written)?.[1] ?? '');
  }
  assert.deepEqual([...numbers], ['1', '2']);
});

test('addresses, secured, valid-client-cert', async () => {
  const tls = { certificateVerified: true } as TlsFacts; // nothing else is looked at
  const cases: readonly (readonly [Partial<Origin>, string])[] = [
    [{ hostAddress: '192.0.2.1', interfaceAddress: '192.0.2.9' }, '\trip=192.0.2.1\tlip=192.0.2.9'],
    [{ hostAddress: '192.0.2.9', interfaceAddress: '192.0.2.9' }, '\tsecured\trip=192.0.2.9\tlip=192.0.2.9'],
    [{ hostAddress: '::1', tls: { ...tls, certificateVerified: false } }, '\tsecured\trip=::1'],
    [{ hostAddress: '::1', tls }, '\tsecured\tvalid-client-cert\trip=::1'],
  ];
  for (const [origin, expected] of cases) {
    const { written } = await run({ peer: says(GREETING, 'OK\t1\tuser=fred\n'), origin });
    assert.match(written, /^VERSION\t1\t0\nCPID\tn\nAUTH\t1\tPLAIN\tservice=smtp/);
    assert.ok(written.includes(`service=smtp${expected}\tnologin\tresp=`), written);
  }
});

test('several steps: challenges and answers are carried', async () => {
  const { result, asked, written } = await run({
    peer: says(GREETING, 'CONT\t1\tVXNlcm5hbWU6\n', 'CONT\t1\tUGFzc3dvcmQ6\n', 'OK\t1\tuser=fred\n'),
    name: 'LOGIN',
    data: '',
    answers: ['fred', 'secret\twith=tab\n'],
  });
  assert.equal(result.kind, 'ok');
  assert.deepEqual(asked, ['Username:', 'Password:']);
  assert.deepEqual(written.split('\n').slice(2), [
    'AUTH\t1\tLOGIN\tservice=smtp\tnologin',
    'CONT\t1\tZnJlZA==',
    'CONT\t1\tc2VjcmV0CXdpdGg9dGFiCg==',
    '',
  ]);
});

test('what the client sends is base 64 or is not passed on', async () => {
  for (const data of ['!!!', 'AAAA\tsecured', 'AAAA\nOK\t1', 'AAA']) {
    const { result, net } = await run({ peer: says(GREETING), data });
    assert.deepEqual(result, { kind: 'failed', code: '535', reply: 'Incorrect authentication data', id: undefined });
    assert.equal(net.requests.length, 0);
  }
  const { result, written } = await run({ peer: says(GREETING, 'CONT\t1\t\n'), answers: ['bad-base64'] });
  assert.equal(result.kind === 'failed' && result.code, '535');
  assert.ok(!written.includes('CONT'));
  const empty = await run({ peer: says(GREETING, 'OK\t1\tuser=x\n'), data: '=' });
  assert.ok(empty.written.endsWith('\tresp=\n'));
});

test('a refused user', async () => {
  for (const answer of ['FAIL\t1\tuser=fred\treason=x\n', 'FAIL\t1\ttemp\n', 'FAIL\t1\n']) {
    const { result } = await run({ peer: says(GREETING, answer) });
    assert.deepEqual(result, { kind: 'failed', code: '535', reply: 'Incorrect authentication data', id: undefined }, answer);
  }
  const { result } = await run({ peer: says(GREETING, 'CONT\t1\t\n'), answers: [undefined] });
  assert.equal(result.kind === 'failed' && result.reply, 'Authentication cancelled');
});

test('who the service names is $auth1, from outside', async () => {
  const frame = testFrame({
    services: fakeServices({ net: new FakeNet({ [SOCKET]: () => new FakeConnection(says(GREETING, 'OK\t1\ta=b\tuser=a\\b\n')) }) }),
  });
  const behaviour = dovecot.create?.({ server_socket: SOCKET, server_tls: false }, { name: 'dove', generic: { public_name: 'PLAIN' } });
  const result = await behaviour?.server?.('x', { challenge: async () => undefined }, frame);
  assert.deepEqual(result, { kind: 'ok', values: [{ ...untainted('a\\b'), taint: [{ from: 0, to: 3 }] }] });
});

test('a service that is none, or another one, or says nonsense', async () => {
  const protocolError = 'authentication socket protocol error';
  const end = 'authentication socket read error or premature eof';
  const tooLong = 'authentication socket protocol line too long';
  const mismatch = 'authentication socket connection id mismatch';
  const cases: readonly (readonly [FakePeer, string])[] = [
    [() => ({ ending: 'end' }), end],
    [() => ({ ending: 'timeout' }), end],
    [() => ({ ending: 'reset' }), end],
    [() => ({ first: 'VERSION\t1\t2\nMECH\tPLAIN\n', ending: 'end' }), end],
    [says('VERSION\t2\t0\n'), 'authentication socket protocol version mismatch'],
    [says('VERSION\t1\n'), protocolError],
    [says('VERSION\t1\t1\nSPID\t1\nDONE\n'), 'authentication socket type mismatch (connected to auth-master instead of auth-client)'],
    [says('VERSION\t1\t1\nMECH\tCRAM-MD5\nDONE\n'), 'Dovecot did not advertise mechanism "PLAIN" to us'],
    [() => 'x'.repeat(5000), tooLong],
    [() => 'NOISE\tx\n'.repeat(500), protocolError],
    [says(GREETING), end],
    [says(GREETING, '\n'), protocolError],
    [says(GREETING, 'OK\n'), protocolError],
    [says(GREETING, 'OK\t1\n'), protocolError],
    [says(GREETING, 'NOTFOUND\t1\n'), protocolError],
    [says(GREETING, '\xff\0\x01\n'), protocolError],
    [says(GREETING, 'OK\t2\tuser=fred\n'), mismatch],
    [says(GREETING, 'OK\t1x\tuser=fred\n'), mismatch],
    [says(GREETING, 'CONT\t1\t!!\n'), protocolError],
    [says(GREETING, `OK\t1\tuser=${'u'.repeat(20_000)}`), tooLong],
  ];
  for (const [peer, reason] of cases) {
    const { result, isClosed } = await run({ peer });
    assert.deepEqual(result, failed(reason));
    assert.equal(isClosed, true);
  }
});

test('no socket to connect to', async () => {
  const refused = await run({ peer: says(), socket: '/run/other' });
  assert.deepEqual(refused.result, failed('unable to connect to UNIX socket (/run/other): Connection refused'));
  const relative = await run({ peer: says(), socket: 'auth-client' });
  assert.deepEqual(relative.result, failed("invalid socket 'auth-client'"));
  const remote = await run({ peer: says(), socket: '192.0.2.7 999' });
  assert.deepEqual(remote.result, failed('failed to connect to any address for 192.0.2.7: Connection refused'));
});

test('without a socket it is no server', () => {
  assert.deepEqual(dovecot.create?.({ server_socket: undefined, server_tls: false }, { name: 'dove', generic: {} }), {});
});
