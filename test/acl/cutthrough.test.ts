/** Cutthrough delivery: recipients are asked for while they are given, and the message goes out on the same connection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesFromOctets, type Octets } from '../../src/base/octets.ts';
import type { Body, Cutthrough, Frame, Message } from '../../src/core/index.ts';
import { ok, UNTRIED_MESSAGE } from '../../src/core/index.ts';
import { newOrigin, newTransaction } from '../../src/receive/transaction.ts';
import { FakeConnection, FakeNet } from '../../src/system/fakes/net.ts';
import { makeWorld } from '../routing/world.ts';

const CONFIG = `
begin routers
other:
  driver = manualroute
  domains = other.ex
  transport = smtp
  route_list = * 192.0.2.9
local:
  driver = accept
  domains = local.ex
  transport = mbox
out:
  driver = manualroute
  headers_add = X-Router: $local_part
  transport = smtp
  route_list = * 192.0.2.8
begin transports
smtp:
  driver = smtp
  return_path = path@$domain
mbox:
  driver = appendfile
  file = /dev/null
`;

/** Says what it heard; `final` answers the message. */
function server(name: Octets, heard: Octets[], final: Octets) {
  return () => {
    let isData = false;
    const answer = (line: Octets): Octets => {
      if (isData && line !== '.') return '';
      if (!line.startsWith('EHLO') && line !== '.') heard.push(`${name} ${line}`);
      if (line === '.') {
        isData = false;
        return `${final}\r\n`;
      }
      isData = line === 'DATA';
      if (isData) return '354 go\r\n';
      return /^RCPT TO:<bad/.test(line) ? '550 unknown\r\n' : '250 ok\r\n';
    };
    return new FakeConnection((written) => (written === '' ? '220 here\r\n' : written.split('\r\n').slice(0, -1).map(answer).join('')));
  };
}

async function start(control = '', final: Octets = '250 taken') {
  const heard: Octets[] = [];
  const net = new FakeNet({ '192.0.2.8:25': server('8', heard, final), '192.0.2.9:25': server('9', heard, final) });
  const world = await makeWorld(CONFIG, { net });
  const transaction = newTransaction(1, 0);
  const { state } = transaction;
  state.sender = 's@local.ex';
  state.controls.set('cutthrough_delivery', control);
  const frame: Frame = { ...world.frame, transaction, results: state.results };
  /** As RCPT does. */
  const give = async (address: Octets) => {
    const answer = await frame.services.verifier.cutThrough(address, frame);
    if (answer === 'taken') state.recipients.push({ address });
    return answer;
  };
  const send = () => {
    assert.ok(typeof state.cutthrough === 'object');
    return (state.cutthrough satisfies Cutthrough).send(message(state.recipients), frame);
  };
  return { give, send, heard, state, world, net };
}

function message(recipients: Message['recipients']): Message {
  const bytes = bytesFromOctets('hello\n.\n');
  const body: Body = { sizeBytes: bytes.length, bytes, head: () => ok(bytes), tail: () => ok(bytes), chunks: async function* () {} };
  return {
    id: '1abcde-000000001fg-0001',
    sender: 's@local.ex',
    recipients,
    headers: [{ type: ' ', text: 'Subject: test\n' }],
    body,
    size: 30,
    bodyLineCount: 2,
    bodyZeroCount: 0,
    maxReceivedLineLength: 20,
    receivedAtMs: 0,
    receivedUsec: 0,
    isUtf8: false,
    dsn: {},
    aclM: new Map(),
    origin: newOrigin({ uid: 0, gid: 0, login: '' }, true),
    ...UNTRIED_MESSAGE,
  };
}

test('one connection for all recipients and the message', async () => {
  const { give, send, heard, world, net } = await start();
  assert.equal(await give('a@x.ex'), 'taken');
  assert.equal(await give('b@y.ex'), 'taken');
  assert.deepEqual(await send(), { kind: 'delivered' });
  assert.deepEqual(heard, ['8 MAIL FROM:<s@local.ex>', '8 RCPT TO:<a@x.ex>', '8 RCPT TO:<b@y.ex>', '8 DATA']);
  assert.equal(net.connections.length, 1);
  const sent = net.connections[0]?.written ?? '';
  assert.match(sent, /Subject: test\r\nX-Router: a\r\n\r\nhello\r\n\.\.\r\n\.\r\nQUIT\r\n$/);
  assert.deepEqual(
    world.log.lines.map(({ line }) => line),
    ['b@y.ex', 'a@x.ex'].map((address) => `>> ${address} R=out T=smtp H=192.0.2.8 [192.0.2.8] C="250 taken"`),
  );
});

test('/sender=transport', async () => {
  const { give, heard } = await start('/sender=transport');
  await give('a@x.ex');
  assert.equal(heard[0], '8 MAIL FROM:<path@x.ex>');
});

test('a recipient of another host, of no host, or refused ends it', async () => {
  const cases: readonly (readonly [second: Octets, answer: 'taken' | 'refused', heard: readonly Octets[]])[] = [
    ['b@other.ex', 'taken', ['9 MAIL FROM:<s@local.ex>', '9 RCPT TO:<b@other.ex>']],
    ['b@local.ex', 'taken', []],
    ['bad@x.ex', 'refused', ['8 RCPT TO:<bad@x.ex>']],
  ];
  for (const [second, answer, more] of cases) {
    const { give, heard, state, net } = await start();
    await give('a@x.ex');
    heard.length = 0;
    assert.equal(await give(second), answer, second);
    assert.deepEqual(heard, more, second);
    assert.equal(state.cutthrough, 'off');
    for (const { written } of net.connections) assert.match(written, /QUIT\r\n$/);
    assert.equal(await give('c@x.ex'), 'taken', 'later recipients are not asked for');
    assert.equal(heard.length, more.length);
  }
});

test('what the host says to the message is told', async () => {
  const told = 'after DATA: R=out T=smtp H=192.0.2.8 [192.0.2.8]';
  for (const [final, kind, lines] of [
    ['550 spam', 'failed', [`main: rejected ${told} C="550 spam"`, `reject: rejected ${told} C="550 spam"`]],
    ['451 later', 'deferred', [`main: tmp-reject from cutthrough ${told} C="451 later"`]],
  ] as const) {
    const { give, send, world } = await start('', final);
    await give('a@x.ex');
    assert.deepEqual(await send(), { kind, reply: final });
    assert.deepEqual(
      world.log.lines.map(({ log, line }) => `${log}: ${line.slice(line.indexOf('> ') + 2)}`),
      lines,
    );
  }
});
