/** `${readsocket` with real sockets: ends, line ends, time, half close, cache, TLS. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { Results } from '../../src/core/session.ts';
import { makeSelfSigned } from '../../src/system/certificate.ts';
import { createSystem } from '../../src/system/create-system.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { openExpansionBench } from '../differential/expansion-bench.ts';

/** Answers at the client's half close; `now…` at once, `never…` not at all; counts what it was asked. */
function talk(asked: string[]) {
  return (socket: Socket) => {
    let got = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (part: string) => {
      got += part;
      if (got.startsWith('now')) socket.end(`at once\n`);
    });
    socket.on('end', () => {
      asked.push(got);
      if (!got.startsWith('never') && !socket.writableEnded) socket.end(`<${got}>\r\nline 2\n`, 'latin1');
    });
  };
}

async function listen(context: TestContext, server: Server, at: string | number): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => (typeof at === 'string' ? server.listen(at, resolve) : server.listen(at, '127.0.0.1', resolve)));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

test('readsocket', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'readsocket-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const asked: string[] = [];
  const path = join(folder, 'socket');
  await listen(context, createServer({ allowHalfOpen: true }, talk(asked)), path);
  const port = await listen(context, createServer({ allowHalfOpen: true }, talk(asked)), 0);
  const { certificate, key } = makeSelfSigned('localhost', Date.now());
  const tlsServer = createTlsServer({ cert: certificate, key }, (socket) =>
    socket.on('data', (bytes) => socket.end(`tls ${bytes}${socket.servername || ''}`)),
  );
  const tlsPort = await listen(context, tlsServer, 0);
  const log = new FakeLog();
  const { net, clock } = createSystem();
  const bench = await openExpansionBench({ net, clock, log });
  const results: Results = {};
  const expand = (source: string) => bench.expander.runtime(source, 'test').evaluate(bench.frame({ results }));
  const answer = (octets: string) => ({ kind: 'ok', value: { octets, taint: [{ from: 0, to: octets.length }] } });
  const failure = (message: string) => ({ kind: 'fail', message });
  const inet = `inet:127.0.0.1:${port}`;
  const cases: readonly (readonly [string, unknown])[] = [
    [`{${path}}{a b}`, answer('<a b>\r\nline 2\n')],
    [`{${path}}{a}{3s}{|}`, answer('<a>\r|line 2|')],
    [`{${path}}{a}{3s}{}`, answer('<a>\r\nline 2\n')],
    [`{${path}}{}`, answer('<>\r\nline 2\n')],
    [`{${inet}}{\u00e9\n}`, answer('<\u00e9\n>\r\nline 2\n')],
    [`{inet:[127.0.0.1]:${port}}{a}`, answer('<a>\r\nline 2\n')],
    [`{${inet}}{now}{3s:shutdown=no}`, answer('at once\n')],
    [`{${inet}}{never}{1s}`, failure('socket read timed out')],
    [`{${inet}}{x}{1s:shutdown=no}{}{late}`, { kind: 'ok', value: { octets: 'late', taint: [] } }],
    [`{${path}x}{a}`, failure(`failed to connect to socket ${path}x: No such file or directory`)],
    [`{${path}x}{a}{3s}{}{down}`, { kind: 'ok', value: { octets: 'down', taint: [] } }],
    ['{inet:nosuch.invalid:25}{a}', failure('no IP address found for host nosuch.invalid')],
    [`{inet:127.0.0.1:${tlsPort}}{hello}{3s:tls=yes:shutdown=no}`, answer('tls hello')],
    [`{inet:127.0.0.1:${tlsPort}}{hello }{3s:tls=yes:sni=fubar}`, answer('tls hello fubar')],
  ];
  for (const [source, wanted] of cases) assert.deepEqual(await expand(`\${readsocket${source}}`), wanted, source);
  assert.deepEqual(log.mainLines, ['no IP address found for host nosuch.invalid']);

  asked.length = 0;
  for (const options of ['3s:cache=yes', '3s:cache=yes', '3s']) await expand(`\${readsocket{${path}}{again}{${options}}}`);
  assert.deepEqual(asked, ['again', 'again'], 'the second answer was kept, the third not asked for');
});
