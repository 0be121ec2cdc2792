import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../../base/octets.ts';
import { FakeClock } from '../../system/fakes/clock.ts';
import { FakeConnection, FakeNet, scriptedPeer } from '../../system/fakes/net.ts';
import { fakeServices, testFrame } from '../../system/fakes/services.ts';
import { orderSpamServers, parseSpamServers, reachSpamServer } from './spamd.ts';

const listening = () => new FakeConnection(scriptedPeer([]));

async function reach(list: Octets, net = new FakeNet()) {
  const told: Octets[] = [];
  const reached = await reachSpamServer(list, testFrame({ services: fakeServices({ net }) }), (text) => told.push(text));
  return [...told, reached.kind === 'ok' ? reached.value.server.text : 'message' in reached ? `${reached.kind}: ${reached.message}` : ''];
}

test('why no server is reached', async () => {
  const refused = 'spamd: failed to connect to any address for 127.0.0.1: Connection refused';
  const all = 'defer: all spamd servers failed';
  const none = 'defer: no useable spamd server addresses in spamd_address configuration option.';
  assert.deepEqual(await reach('127.0.0.1 783'), [refused, all]);
  assert.deepEqual(await reach('127.0.0.1 1-3'), [refused, all]);
  assert.deepEqual(await reach('127.0.0.1'), ["warning - invalid spamd address: '127.0.0.1'", none]);
  assert.deepEqual(await reach(''), [none]);
  assert.deepEqual(await reach('127.0.0.1 x'), ["spamd: invalid socket '127.0.0.1 x'", all]);
  assert.deepEqual(await reach('nosuch.invalid 783'), ['spamd: no IP address found for host nosuch.invalid', all]);
  const path = 'spamd: unable to connect to UNIX socket (/run/spamd): Connection refused';
  assert.deepEqual(await reach('/run/spamd'), [path, all]);
  assert.deepEqual(await reach('127.0.0.1 783 pri=2 : /run/spamd'), [refused, path, all]);
  for (const option of ['foo=2', 'weight=x', 'variant=x', 'time=1', 'tmo=x'])
    assert.deepEqual(await reach(`127.0.0.1 783 ${option}`), [`warning - invalid spamd parameter: '${option}'`, refused, all]);
});

test('the first server that answers is taken', async () => {
  const net = new FakeNet({ '192.0.2.1:783': listening, '192.0.2.2:12': listening, '/run/spamd': listening });
  assert.deepEqual(await reach('192.0.2.9 1 pri=9 : 192.0.2.1 783', net), [
    'spamd: failed to connect to any address for 192.0.2.9: Connection refused',
    '192.0.2.1 783',
  ]);
  assert.deepEqual(await reach('192.0.2.2 10-12', net), ['192.0.2.2 10-12']);
  assert.deepEqual(await reach('/run/spamd tmo=3s', net), ['/run/spamd tmo=3s']);
  const requests = net.requests.map(({ address, port, timeoutMs }) => [address, port, timeoutMs]);
  assert.deepEqual(requests.slice(2), [
    ['192.0.2.2', 10, 120_000],
    ['192.0.2.2', 11, 120_000],
    ['192.0.2.2', 12, 120_000],
    ['/run/spamd', 0, 3000],
  ]);
});

test('a second try after `retry`', async () => {
  const clock = new FakeClock();
  let tries = 0;
  const net = new FakeNet({ '192.0.2.1:783': () => (tries++ === 0 ? refusal : listening()) });
  const refusal = { kind: 'error', errno: 'ECONNREFUSED', reason: 'Connection refused', isTimeout: false } as const;
  const frame = testFrame({ services: fakeServices({ net, clock }) });
  const reached = reachSpamServer('192.0.2.1 783 retry=2s', frame, assert.fail);
  await clock.advance(0); // a turn of the event loop
  await clock.advance(2000);
  assert.equal((await reached).kind, 'ok');
  assert.equal(tries, 2);
});

test('priorities, weights and times', () => {
  const servers = parseSpamServers('/a : /b pri=2 : /c weight=3 pri=2 : /d time=10-11.30 : /e time=0-9.59.59', assert.fail);
  const order = (chance: number, hour: number) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1, hour, 15));
    const random = { below: () => chance, bytes: () => new Uint8Array() };
    return orderSpamServers(servers, fakeServices({ clock, random }), 'UTC').map(({ address }) => address);
  };
  assert.deepEqual(order(0, 10), ['/b', '/c', '/a', '/d']);
  assert.deepEqual(order(1, 10), ['/c', '/b', '/d', '/a']);
  assert.deepEqual(order(0, 9), ['/b', '/c', '/a', '/e']);
  assert.deepEqual(order(0, 12), ['/b', '/c', '/a']);
});
