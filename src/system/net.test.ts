import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import * as nodeNet from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import type { Deadline } from '../core/deadline.ts';
import type { Connection, ReadResult, TlsClientRequest, TlsServerRequest } from '../core/ports.ts';
import { makeSelfSigned } from './certificate.ts';
import type { StreamConnection } from './connection.ts';
import { createSystem } from './create-system.ts';
import { SeededRandom } from './random.ts';
import { testDirectory } from './test-directory.ts';

const forever: Deadline = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
const within = (ms: number): Deadline => ({ endMs: performance.now() + ms, signal: new AbortController().signal });
const system = createSystem({ certificateName: () => 'mail.a.example' });
const { net } = system;

interface Pair {
  readonly server: StreamConnection;
  readonly client: Connection;
}

async function connected(context: TestContext, address = '127.0.0.1'): Promise<Pair> {
  const accepted = Promise.withResolvers<StreamConnection>();
  const listening = await net.listen({ kind: 'address', address, port: 0 }, accepted.resolve);
  if (listening.kind === 'error') throw new Error(listening.reason);
  const connecting = await net.connect(
    { address: address === '::' ? '127.0.0.1' : address, port: listening.value.port, timeoutMs: 5000 },
    forever,
  );
  if (connecting.kind === 'error') throw new Error(connecting.reason);
  const server = await accepted.promise;
  context.after(async () => {
    server.close();
    connecting.connection.close();
    await listening.value.close();
  });
  return { server, client: connecting.connection };
}

/** The listener's port, and each connection given to `session`. */
async function serve(context: TestContext, session: (connection: StreamConnection) => Promise<void>): Promise<number> {
  const listening = await net.listen(
    { kind: 'address', address: '127.0.0.1', port: 0 },
    (connection) => void session(connection).finally(() => connection.close()),
  );
  if (listening.kind === 'error') throw new Error(listening.reason);
  context.after(() => listening.value.close());
  return listening.value.port;
}

function text(result: ReadResult): string {
  return result.kind === 'data' ? result.bytes.toString('latin1') : result.kind === 'error' ? result.errno : result.kind;
}

async function readAll(connection: Connection): Promise<string> {
  let all = '';
  for (;;) {
    const result = await connection.read(forever);
    if (result.kind !== 'data') return result.kind === 'end' ? all : `${all}<${text(result)}>`;
    all += result.bytes.toString('latin1');
  }
}

test('octets both ways, half close, addresses', async (context) => {
  const { server, client } = await connected(context);
  assert.deepEqual([server.remoteAddress, server.localAddress, server.remotePort], ['127.0.0.1', '127.0.0.1', client.localPort]);
  await client.write('caf\xe9\r\n', forever);
  await client.write(Buffer.from([0, 255]), forever);
  client.end();
  assert.equal(await readAll(server), 'caf\xe9\r\n\x00\xff');
  await server.write('still there', forever);
  server.end();
  assert.equal(await readAll(client), 'still there');
});

test('IPv4 on an IPv6 socket is written as IPv4', {
  skip: system.machine.interfaceAddresses().includes('::1') ? false : 'no IPv6',
}, async (context) => {
  const { server } = await connected(context, '::');
  assert.deepEqual([server.remoteAddress, server.localAddress], ['127.0.0.1', '127.0.0.1']);
});

test('lines written in one tick arrive in order, with what is written as bytes between them', async (context) => {
  const { server, client } = await connected(context);
  for (let i = 0; i < 100; i++) {
    void client.write(`line ${i}\n`, forever);
    if (i % 10 === 9) void client.write(Buffer.from(`bytes ${i}\n`), forever);
  }
  client.close();
  const expected = Array.from({ length: 100 }, (_, i) => `line ${i}\n${i % 10 === 9 ? `bytes ${i}\n` : ''}`).join('');
  assert.equal(await readAll(server), expected);
});

test('a wait ends by its deadline, by its owner, and not by an earlier one', async (context) => {
  const { server, client } = await connected(context);
  assert.equal((await server.read(within(10))).kind, 'timeout');
  const controller = new AbortController();
  const reading = server.read({ endMs: Number.POSITIVE_INFINITY, signal: controller.signal });
  setTimeout(() => controller.abort(), 5);
  assert.equal((await reading).kind, 'timeout');
  assert.equal((await server.read({ endMs: Number.POSITIVE_INFINITY, signal: controller.signal })).kind, 'timeout');
  const long = server.read(within(5000));
  setTimeout(() => void client.write('x', forever), 30);
  assert.equal(text(await long), 'x');
  const [first, second] = [server.read(within(10)), 'the timer is set again for a later end'];
  assert.equal((await first).kind, 'timeout', second);
  const later = server.read(within(40));
  const started = performance.now();
  assert.equal((await later).kind, 'timeout');
  assert.ok(performance.now() - started >= 30);
});

test('what was received and not read is known and can be thrown away', async (context) => {
  const { server, client } = await connected(context);
  await client.write('early', forever);
  while (server.bufferedBytes < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  server.discardBuffered();
  assert.equal(server.bufferedBytes, 0);
  await client.write('later', forever);
  assert.equal(text(await server.read(forever)), 'later');
});

test('backpressure both ways: memory stays bounded against a peer that floods or does not read', async (context) => {
  const { server, client } = await connected(context);
  const block = Buffer.alloc(65_536);
  let written = 0;
  for (;;) {
    const result = await client.write(block, within(100));
    if (result.kind !== 'ok') break;
    written += block.length;
    assert.ok(written < 64 << 20, 'the writer was never held back');
  }
  assert.ok(server.bufferedBytes <= 256 * 1024, `${server.bufferedBytes} octets are kept for nobody`);
  client.end();
  let read = 0;
  for (;;) {
    const result = await server.read(forever);
    if (result.kind !== 'data') break;
    read += result.bytes.length;
  }
  assert.ok(read >= written);
});

test('a peer that resets: what it sent is read, then the reason, and writing fails as a value', async (context) => {
  const accepted = Promise.withResolvers<StreamConnection>();
  const listening = await net.listen({ kind: 'address', address: '127.0.0.1', port: 0 }, accepted.resolve);
  if (listening.kind === 'error') throw new Error(listening.reason);
  const raw = nodeNet.connect(listening.value.port, '127.0.0.1');
  raw.on('error', () => {});
  raw.write('hello');
  const server = await accepted.promise;
  context.after(() => {
    server.close();
    return listening.value.close();
  });
  while (server.bufferedBytes < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  raw.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(text(await server.read(forever)), 'hello');
  assert.equal(text(await server.read(forever)), 'ECONNRESET');
  for (let i = 0; i < 3; i++) assert.equal((await server.write('x', forever)).kind, 'error');
  server.close();
  server.close();
  assert.equal((await server.write('x', forever)).kind, 'error');
});

test('connecting: refused, unreachable time, a Unix socket, a chosen interface', async (context) => {
  const refused = await net.connect({ address: '127.0.0.1', port: 1, timeoutMs: 1000 }, forever);
  assert.deepEqual(refused, { kind: 'error', errno: 'ECONNREFUSED', reason: 'Connection refused', isTimeout: false });
  const controller = new AbortController();
  controller.abort();
  const aborted = await net.connect(
    { address: '127.0.0.1', port: 1, timeoutMs: 1000 },
    { endMs: Number.POSITIVE_INFINITY, signal: controller.signal },
  );
  assert.equal(aborted.kind === 'error' && aborted.isTimeout, true);
  const path = `${testDirectory(context)}/socket`;
  const listening = await net.listen(
    { kind: 'path', path },
    (connection) => void connection.write('unix', forever).then(() => connection.close()),
  );
  assert.equal(listening.kind, 'ok');
  const local = await net.connect({ address: path, port: 0, timeoutMs: 1000 }, forever);
  assert.equal(local.kind === 'ok' && (await readAll(local.connection)), 'unix');
  if (listening.kind === 'ok') await listening.value.close();
  const port = await serve(context, async (connection) => void (await connection.write(connection.remoteAddress, forever)));
  const chosen = await net.connect({ address: '127.0.0.1', port, interface: '127.0.0.5', timeoutMs: 1000 }, forever);
  assert.equal(chosen.kind === 'ok' && (await readAll(chosen.connection)), '127.0.0.5');
  const wrong = await net.connect({ address: '127.0.0.1', port, interface: '192.0.2.77', timeoutMs: 1000 }, forever);
  assert.equal(wrong.kind === 'error' && wrong.errno, 'EADDRNOTAVAIL');
});

test('a bound socket is inherited: another process accepts on it, its owner does not', async () => {
  const bound = net.bind('127.0.0.1', 0);
  if (bound.kind === 'error') throw new Error(bound.reason);
  const taken = net.bind('127.0.0.1', bound.value.port);
  const script = `require('net').createServer((s) => s.end(String(process.pid))).listen({ fd: 3 }, () => process.stdout.write('ready'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit', bound.value.fd] });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const second = net.bind('127.0.0.1', bound.value.port);
  const connecting = await net.connect({ address: '127.0.0.1', port: bound.value.port, timeoutMs: 1000 }, forever);
  assert.equal(connecting.kind === 'ok' && (await readAll(connecting.connection)), String(child.pid));
  child.kill();
  bound.value.close();
  assert.deepEqual([taken.kind, second.kind === 'error' && second.errno], [taken.kind, 'EADDRINUSE']);
  if (taken.kind === 'ok') taken.value.close();
});

// ---------------------------------------------------------------- TLS

const plainServer: TlsServerRequest = { certificateFile: '', keyFile: '', clientCertificate: 'none' };
const plainClient: TlsClientRequest = { host: 'mail.a.example', verifyNames: [], mustVerify: false, tryVerify: false };

async function startTls(pair: Pair, server: TlsServerRequest, client: TlsClientRequest) {
  const [accepted, started] = await Promise.all([
    pair.server.startServerTls(server, within(5000)),
    pair.client.startClientTls(client, within(5000)),
  ]);
  return { accepted, started };
}

/** A certificate and key in one file, and the certificate alone. */
function makeCertificate(context: TestContext, name: string): { both: string; certificate: string } {
  const dir = testDirectory(context);
  const { certificate, key } = makeSelfSigned(name, Date.now());
  writeFileSync(`${dir}/both`, `${key}${certificate}`);
  writeFileSync(`${dir}/certificate`, certificate);
  return { both: `${dir}/both`, certificate: `${dir}/certificate` };
}

test('TLS in place: facts on both sides, then octets', async (context) => {
  const pair = await connected(context);
  const { accepted, started } = await startTls(pair, plainServer, { ...plainClient, sni: 'mail.a.example' });
  assert.ok(accepted.kind === 'ok' && started.kind === 'ok');
  assert.match(accepted.facts.cipher, /^TLS1\.3:TLS_[A-Z0-9_]+:(128|256)$/);
  assert.deepEqual(
    [accepted.facts.sni, accepted.facts.peerDn, started.facts.peerDn, started.facts.cipher],
    ['mail.a.example', '', '/CN=mail.a.example', accepted.facts.cipher],
  );
  assert.deepEqual(
    accepted.facts.ourCertificate && Buffer.from(accepted.facts.ourCertificate),
    started.facts.peerCertificate && Buffer.from(started.facts.peerCertificate),
  );
  const big = 'x'.repeat(200_000);
  void pair.client.write(big, forever);
  void pair.client.write('end\xff', forever);
  pair.client.end();
  assert.equal(await readAll(pair.server), `${big}end\xff`);
  await pair.server.write('bye', forever);
  pair.server.close();
  assert.equal(await readAll(pair.client), 'bye');
});

test('octets that came before TLS are taken for the handshake and never as text', async (context) => {
  const { server, client } = await connected(context);
  await client.write('RCPT TO:<injected@a.example>\r\n', forever);
  while (server.bufferedBytes === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const accepted = await server.startServerTls(plainServer, within(2000));
  assert.equal(accepted.kind, 'error');
  assert.match(accepted.kind === 'error' ? accepted.message : '', /^\(SSL_accept\): error:[0-9A-F]{8}:SSL routines::/);
  assert.notEqual((await server.read(forever)).kind, 'data');
});

test('a ClientHello that arrives before the server starts TLS is not lost', async (context) => {
  const { server, client } = await connected(context);
  const starting = client.startClientTls(plainClient, within(5000));
  while (server.bufferedBytes === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal((await server.startServerTls(plainServer, within(5000))).kind, 'ok');
  assert.equal((await starting).kind, 'ok');
});

test('handshakes that fail: time, a peer that leaves, no common cipher, no certificate file', async (context) => {
  const silent = await connected(context);
  assert.deepEqual(await silent.server.startServerTls(plainServer, within(30)), {
    kind: 'error',
    message: '(SSL_accept): timed out',
    isTimeout: true,
  });
  await silent.server.write('too late\r\n', forever); // nothing was said: it is still in the clear
  assert.equal(text(await silent.client.read(within(2000))), 'too late\r\n');
  const leaving = await connected(context);
  leaving.client.close();
  const left = await leaving.server.startServerTls(plainServer, within(2000));
  assert.deepEqual(left, { kind: 'error', message: '(SSL_accept): error:0A000126:SSL routines::unexpected eof while reading' });
  const noCipher = await connected(context);
  const { accepted, started } = await startTls(
    noCipher,
    { ...plainServer, options: '+no_tlsv1_3', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    { ...plainClient, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', options: '+no_tlsv1_3' },
  );
  assert.equal(accepted.kind === 'error' && accepted.message, '(SSL_accept): error:0A0000C1:SSL routines::no shared cipher');
  assert.match(started.kind === 'error' ? started.message : '', /^\(SSL_connect\): error:[0-9A-F]{8}:SSL routines::/);
  const pair = await connected(context);
  const missing = await pair.server.startServerTls({ ...plainServer, certificateFile: '/no/such/file' }, within(2000));
  assert.deepEqual(missing, {
    kind: 'error',
    message: '(SSL_CTX_use_certificate_chain_file file=/no/such/file): error:80000002:system library::No such file or directory',
  });
  assert.deepEqual(pair.server.serverTlsProblem({ ...plainServer, certificateFile: '/no/such/file' }), missing);
  assert.equal(pair.server.serverTlsProblem(plainServer), undefined);
  const wrong = await pair.server.startServerTls({ ...plainServer, ciphers: 'NORMAL:%COMPAT' }, within(2000));
  assert.match(
    wrong.kind === 'error' ? wrong.message : '',
    /^\(SSL_CTX_set_cipher_list\(NORMAL:%COMPAT\)\): error:[0-9A-F]{8}:SSL routines::/,
  );
  const options = await pair.server.startServerTls({ ...plainServer, options: '+nonsense' }, within(2000));
  assert.deepEqual(options, { kind: 'error', message: '(openssl_options parsing error): +nonsense' });
});

test('TLS 1.2 has Exim’s name for its cipher', async (context) => {
  const { accepted } = await startTls(await connected(context), { ...plainServer, options: '+no_tlsv1_3' }, plainClient);
  assert.equal(accepted.kind === 'ok' && accepted.facts.cipher, 'TLS1.2:ECDHE-ECDSA-AES128-GCM-SHA256:128');
  const server = { ...plainServer, options: '+no_tlsv1_3', ciphers: 'ECDHE_ECDSA_AES256_GCM_SHA384:!NULL' }; // as GnuTLS once wrote them
  const written = await startTls(await connected(context), server, plainClient);
  assert.equal(written.accepted.kind === 'ok' && written.accepted.facts.cipher, 'TLS1.2:ECDHE-ECDSA-AES256-GCM-SHA384:256');
});

test('the server’s certificate: trusted, not trusted, for another name, expired from the cache when its file changes', async (context) => {
  const { both, certificate } = makeCertificate(context, 'mx.b.example');
  const server: TlsServerRequest = { ...plainServer, certificateFile: both };
  const strict: TlsClientRequest = { ...plainClient, verifyCertificates: certificate, mustVerify: true, verifyNames: ['mx.b.example'] };
  const trusted = await startTls(await connected(context), server, strict);
  assert.equal(trusted.started.kind === 'ok' && trusted.started.facts.certificateVerified, true);
  const untrusted = await startTls(await connected(context), server, { ...strict, verifyCertificates: '' });
  assert.deepEqual(untrusted.started, {
    kind: 'error',
    message: '(SSL_connect): error:0A000086:SSL routines::certificate verify failed',
    verifyErrors: ['SSL verify error: depth=0 error=self-signed certificate cert=/CN=mx.b.example'],
  });
  const other = await startTls(await connected(context), server, { ...strict, verifyNames: ['mx.c.example'] });
  assert.deepEqual(other.started.kind === 'error' && other.started.verifyErrors, [
    'SSL verify error: certificate name mismatch: DN="/CN=mx.b.example" H="mx.c.example"',
  ]);
  const tried = await startTls(await connected(context), server, {
    ...strict,
    mustVerify: false,
    tryVerify: true,
    verifyNames: ['mx.c.example'],
  });
  assert.equal(tried.started.kind === 'ok' && tried.started.facts.certificateVerified, false);
  const replaced = makeSelfSigned('new.b.example', Date.now());
  writeFileSync(both, `${replaced.key}${replaced.certificate}`);
  const renewed = await startTls(await connected(context), server, plainClient);
  assert.equal(renewed.started.kind === 'ok' && renewed.started.facts.peerDn, '/CN=new.b.example');
});

test('the client’s certificate: asked for, required, verified', async (context) => {
  const { both, certificate } = makeCertificate(context, 'client.example');
  const server: TlsServerRequest = { ...plainServer, verifyCertificates: certificate, clientCertificate: 'require' };
  const good = await startTls(await connected(context), server, { ...plainClient, certificateFile: both });
  assert.deepEqual(good.accepted.kind === 'ok' && [good.accepted.facts.peerDn, good.accepted.facts.certificateVerified], [
    '/CN=client.example',
    true,
  ]);
  const none = await startTls(await connected(context), server, plainClient);
  assert.equal(
    none.accepted.kind === 'error' && none.accepted.message,
    '(SSL_accept): error:0A0000C7:SSL routines::peer did not return a certificate',
  );
  const stranger = makeCertificate(context, 'stranger.example').both;
  const bad = await startTls(await connected(context), server, { ...plainClient, certificateFile: stranger });
  assert.deepEqual(bad.accepted.kind === 'error' && bad.accepted.verifyErrors, [
    'SSL verify error: depth=0 error=self-signed certificate cert=/CN=stranger.example',
  ]);
  const tried = await startTls(
    await connected(context),
    { ...server, clientCertificate: 'try' },
    { ...plainClient, certificateFile: stranger },
  );
  assert.deepEqual(tried.accepted.kind === 'ok' && [tried.accepted.facts.peerDn, tried.accepted.facts.certificateVerified], [
    '/CN=stranger.example',
    false,
  ]);
});

test('a name that the client sends chooses another certificate', async (context) => {
  const { both } = makeCertificate(context, 'second.example');
  const server: TlsServerRequest = {
    ...plainServer,
    forServerName: async (name) => (name === 'second.example' ? { ...plainServer, certificateFile: both } : undefined),
  };
  const second = await startTls(await connected(context), server, { ...plainClient, sni: 'second.example' });
  const first = await startTls(await connected(context), server, { ...plainClient, sni: 'other.example' });
  assert.deepEqual(
    [second, first].map(({ started }) => started.kind === 'ok' && started.facts.peerDn),
    ['/CN=second.example', '/CN=mail.a.example'],
  );
});

test('ALPN: one known protocol, none at all, and one that is not ours', async (context) => {
  const server: TlsServerRequest = { ...plainServer, alpn: ['smtp', 'esmtp'] };
  for (const alpn of [undefined, ['esmtp']]) {
    const { accepted } = await startTls(await connected(context), server, { ...plainClient, ...(alpn ? { alpn } : {}) });
    assert.equal(accepted.kind, 'ok', String(alpn));
  }
  const { accepted } = await startTls(await connected(context), server, { ...plainClient, alpn: ['http'] });
  assert.equal(accepted.kind === 'error' && accepted.message, '(handshake): Bad ALPN presented (http)');
});

test('ALPN that is required, of the client and of the server', async (context) => {
  const strict: TlsServerRequest = { ...plainServer, alpn: ['smtp'], requiresAlpn: true };
  const missing = '(handshake): ALPN required but not negotiated';
  const good = await startTls(await connected(context), strict, { ...plainClient, alpn: ['smtp'], requiresAlpn: true });
  assert.deepEqual([good.accepted.kind, good.started.kind], ['ok', 'ok']);
  const silent = await startTls(await connected(context), strict, plainClient);
  assert.equal(silent.accepted.kind === 'error' && silent.accepted.message, missing);
  const demanding = await startTls(await connected(context), plainServer, { ...plainClient, alpn: ['smtp'], requiresAlpn: true });
  assert.equal(demanding.started.kind === 'error' && demanding.started.message, missing);
});

test('peers that send anything and leave at any time, before, within and after TLS, end their own connection only', async (context) => {
  const random = new SeededRandom(7);
  let sessions = 0;
  const port = await serve(context, async (connection) => {
    sessions++;
    await connection.write('220 hello\r\n', within(1000));
    await connection.read(within(1000));
    await connection.write('220 go\r\n', within(1000));
    const accepted = await connection.startServerTls(plainServer, within(1000));
    if (accepted.kind === 'error') return;
    while ((await connection.read(within(1000))).kind === 'data') await connection.write('250 OK\r\n'.repeat(1000), within(1000));
  });
  const rude = async (): Promise<void> => {
    const raw = nodeNet.connect(port, '127.0.0.1');
    raw.on('error', () => {});
    raw.write(random.bytes(random.below(300)));
    await new Promise((resolve) => setTimeout(resolve, random.below(20)));
    raw.write(random.bytes(random.below(300)));
    if (random.below(2) === 0) raw.resetAndDestroy();
    else raw.destroy();
  };
  const secret = async (): Promise<void> => {
    const connecting = await net.connect({ address: '127.0.0.1', port, timeoutMs: 1000 }, forever);
    if (connecting.kind === 'error') throw new Error(connecting.reason);
    const { connection } = connecting;
    await connection.read(within(1000));
    await connection.write('STARTTLS\r\n', within(1000));
    await connection.read(within(1000));
    const starting = connection.startClientTls(plainClient, within(1000));
    if (random.below(3) === 0) {
      await new Promise((resolve) => setTimeout(resolve, random.below(5)));
      connection.close();
      await starting;
      return;
    }
    await starting;
    await connection.write('MAIL\r\n'.repeat(random.below(100)), within(1000));
    if (random.below(2) === 0) await connection.read(within(50));
    connection.close();
  };
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? rude() : secret())));
  const last = await net.connect({ address: '127.0.0.1', port, timeoutMs: 1000 }, forever);
  assert.equal(last.kind === 'ok' && text(await last.connection.read(within(1000))), '220 hello\r\n');
  if (last.kind === 'ok') last.connection.close();
  assert.ok(sessions > 100);
});

test('OpenSSL’s own client talks with the server', async (context) => {
  if (spawnSync('openssl', ['version']).error) return context.skip('openssl is not installed');
  const port = await serve(context, async (connection) => {
    const accepted = await connection.startServerTls(plainServer, within(5000));
    await connection.write(`${accepted.kind} ${text(await connection.read(within(5000)))}`, forever);
  });
  const client = spawn('openssl', ['s_client', '-quiet', '-connect', `127.0.0.1:${port}`], { stdio: ['pipe', 'pipe', 'ignore'] });
  client.stdin.write('hello\n');
  let output = '';
  for await (const chunk of client.stdout) output += String(chunk);
  assert.equal(output, 'ok hello\n');
});

test('a handshake that fails: the client is told why by an alert', async () => {
  const { net } = createSystem({ certificateName: () => 'mail.a.example' });
  const accepted: Promise<unknown>[] = [];
  const listener = await net.listen({ kind: 'address', address: '127.0.0.1', port: 0 }, (connection) => {
    accepted.push(
      connection.startServerTls({ certificateFile: '', keyFile: '', clientCertificate: 'none', options: '+no_tlsv1_2' }, forever),
    );
  });
  assert.ok(listener.kind === 'ok');
  const client = tlsConnect({ host: '127.0.0.1', port: listener.value.port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  const [error] = await once(client, 'error');
  assert.match(String(error), /alert protocol version/);
  client.destroy();
  const [started] = await Promise.all(accepted);
  assert.deepEqual(started, { kind: 'error', message: '(SSL_accept): error:0A000102:SSL routines::unsupported protocol' });
  await listener.value.close();
});
