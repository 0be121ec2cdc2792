import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller, Frame } from '../core/index.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig } from '../system/fakes/services.ts';
import { type BatchRequest, receiveBatch } from './batch.ts';
import { MemoryStore, messageText, plainLists, scriptedAcls, testCaller } from './fakes.ts';

async function play(
  text: string,
  caller: Caller = { ...testCaller, isTrusted: true },
  request: Partial<BatchRequest> = {},
  clock = new FakeClock(),
) {
  const store = new MemoryStore();
  let out = '';
  let err = '';
  const log = new FakeLog();
  const status = await receiveBatch({
    config: testConfig({
      main: { qualify_domain: 'test.ex', qualify_recipient: 'rcpt.ex', received_header_text: constantTemplate('Received: r') },
    }),
    services: fakeServices({ log, clock, lists: plainLists, acls: scriptedAcls({}) }),
    store,
    caller,
    input: (async function* () {
      yield Buffer.from(text, 'latin1');
    })(),
    writeOut: (octets) => {
      out += octets;
    },
    writeError: (octets) => {
      err += octets;
    },
    signal: new AbortController().signal,
    onAccepted: ({ claim }) => claim.release(),
    deliveryMode: 'queue',
    ...request,
  });
  return { status, out, err, log, messages: store.accepted };
}

const first = 'mail from:someone@some.where\nrcpt to:user\ndata\nSubject: one\n\ntext\n..dot\n.\n';

test('several messages without replies', async () => {
  const { status, out, messages } = await play(
    `helo x\n${first}noop\nMAIL FROM:<>\nRCPT TO:<a@b>\nRCPT TO:<c@d>\nDATA\n\nx\n.\nquit\nrubbish\n`,
  );
  assert.deepEqual([status, out], [0, '']);
  assert.deepEqual(
    messages.map((message) => [message.sender, message.recipients.map((recipient) => recipient.address), message.origin.protocol]),
    [
      ['someone@some.where', ['user@rcpt.ex'], 'local-bsmtp'],
      ['', ['a@b', 'c@d'], 'local-bsmtp'],
    ],
  );
  assert.match(messageText(messages[0] ?? assert.fail()), /\n\ntext\n\.dot\n$/);
});

test('the ACL before a message runs when its data begin, whatever it says', async () => {
  const seen: string[] = [];
  const acls = {
    ...scriptedAcls({}),
    run: async (phase: string, _text: unknown, _args: unknown, frame: Frame) => {
      seen.push(`${phase} ${frame.transaction?.state.sender} ${frame.transaction?.state.recipients.length}`);
      if (phase === 'not_smtp_start' && frame.session) frame.session.state.queueName = `q${seen.length}`;
      return { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } as const;
    },
  };
  const main = { acl_not_smtp_start: constantTemplate('start'), received_header_text: constantTemplate('') };
  const { status, messages } = await play(`${first}mail from:<a@b>\nrset\n${first}`, undefined, {
    config: testConfig({ main }),
    services: fakeServices({ lists: plainLists, acls }),
  });
  assert.equal(status, 0);
  assert.deepEqual(seen, ['not_smtp_start someone@some.where 1', 'not_smtp_start someone@some.where 1']);
  assert.deepEqual(
    messages.map(({ queueName }) => queueName),
    ['q1', 'q2'],
  );
});

test('a transaction begins, as errors tell, with the last command that is for none', async () => {
  for (const [commands, start] of [
    ['mail from:<a@b>', 0],
    ['helo x\nmail from:<a@b>', 1],
    ['mail from:<a@b>\nrset', 2],
    ['mail from:<a@b>\nvrfy x\nrcpt to:<a@b>', 2],
    ['noop\nexpn x\nhelp\netrn #x', 4],
  ] as const)
    assert.match((await play(`${commands}\nbogus\n`)).out, new RegExp(`^500 .*\nTransaction started in line ${start}\n`), commands);
});

test('an untrusted caller sends as itself', async () => {
  const { messages } = await play(first, testCaller);
  assert.equal(messages[0]?.sender, 'caller@test.ex');
});

test('an error ends the batch and says where', async () => {
  const { status, out, err, messages } = await play(`${first}mail from:someone@some.where<\nrcpt to:a@b\n`);
  assert.equal(messages.length, 1);
  assert.equal(status, 1);
  assert.equal(
    out,
    '501 malformed address: < may not follow someone@some.where\nTransaction started in line 8\nError detected in line 9\nmail from:someone@some.where<\n',
  );
  assert.match(
    err,
    /The SMTP command at fault was:\n\n {3}mail from:someone@some\.where<\n\n1 previous message was successfully processed\.\nThe rest of the batch was abandoned\.\n$/,
  );
});

test('an end of the input within a message', async () => {
  const { status, out, log } = await play('mail from:a@b\nrcpt to:c@d\ndata\nfrom: me\n');
  assert.equal(status, 2);
  assert.equal(out, '421 Lost incoming connection\nTransaction started in line 0\nError detected in line 4\n');
  assert.deepEqual(log.mainLines, ['SMTP connection from caller lost while reading message data (after header)']);
});

test('a command that does not come ends the batch', async () => {
  const clock = new FakeClock();
  const begun = 'mail from:a@b\n';
  const endless = (async function* () {
    yield Buffer.from(begun);
    await new Promise(() => {});
  })();
  const playing = play(begun, undefined, { input: endless, receiveTimeoutSeconds: 10 }, clock);
  while (clock.sleeping === 0) await new Promise(setImmediate);
  await clock.advance(10_000);
  while (clock.sleeping > 0) {
    await clock.advance(10_000); // the first piece came at once, the second never
    await new Promise(setImmediate);
  }
  const { status, out, log } = await playing;
  assert.deepEqual([status, out], [2, '421 SMTP command timeout\nTransaction started in line 0\nError detected in line 1\n']);
  assert.deepEqual(log.mainLines, ['SMTP command timeout on connection from caller']);
});
