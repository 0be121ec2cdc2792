import assert from 'node:assert/strict';
import { test } from 'node:test';
import { octetsFromBytes } from '../base/octets.ts';
import type { Connection } from '../core/index.ts';
import { FakeConnection, FakeNet, scriptedPeer } from '../system/fakes/net.ts';
import { TurnedLine } from './turned-line.ts';

const until = { endMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

async function connect(line: TurnedLine, address: string): Promise<Connection> {
  const connected = await line.connect({ address, port: 25, timeoutMs: 1000 }, until);
  return connected.kind === 'ok' ? connected.connection : assert.fail(connected.reason);
}

async function read(connection: Connection): Promise<string> {
  const result = await connection.read(until);
  return result.kind === 'data' ? octetsFromBytes(result.bytes) : result.kind;
}

test('one client after another has the line; QUIT is said once, at its end', async () => {
  const customer = new FakeConnection(scriptedPeer(['220 customer\r\n', '250 first\r\n', '250 second\r\n', '221 bye\r\n']));
  const elsewhere = new FakeConnection(scriptedPeer(['220 other\r\n']));
  const line = new TurnedLine(new FakeNet({ '192.0.2.9:25': () => elsewhere }), customer, customer.remoteAddress);
  assert.equal(await read(await connect(line, '192.0.2.9')), '220 other\r\n', 'other hosts are contacted as usual');

  const first = await connect(line, customer.remoteAddress);
  let hasSecond = false;
  const second = connect(line, customer.remoteAddress).then((connection) => {
    hasSecond = true;
    return connection;
  });
  assert.equal(await read(first), '220 customer\r\n');
  await first.write('EHLO a\r\n', until);
  assert.equal(await read(first), '250 first\r\n');
  await first.write('QUIT\r\n', until);
  first.end();
  assert.equal(hasSecond, false);
  first.close();
  const other = await second;
  assert.match(await read(other), /^220 /, 'who comes second is greeted too');
  await other.write('EHLO a\r\n', until);
  assert.equal(await read(other), '250 second\r\n');
  other.close();
  await line.finish(until);
  assert.equal(customer.written, 'EHLO a\r\nEHLO a\r\nQUIT\r\n');
  assert.equal(customer.isEnded, true);
});
