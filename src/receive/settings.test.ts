/** Settings that make no sense for a connection, and others that decide what is said before a message: answers and lines are Exim's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclVerdict, Frame, MainOptions, Template } from '../core/index.ts';
import { fail } from '../core/index.ts';
import { scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate, testList, testLocation } from '../system/fakes/services.ts';
import type { PlayedSession } from './fakes.ts';
import { playSession } from './fakes.ts';

const BROKEN: Template = {
  source: '${xx}',
  at: testLocation,
  what: 'test',
  constant: undefined,
  problems: () => [],
  evaluate: () => fail('unknown variable in "${xx}"'),
};

const accept = (): AclVerdict => ({ kind: 'accept' });

function play(
  commands: readonly string[],
  main: Partial<MainOptions>,
  acls: Readonly<Record<string, (frame: Frame) => AclVerdict>> = {},
): Promise<PlayedSession> {
  return playSession(scriptedPeer(commands.map((command) => `${command}\r\n`)), {
    config: {
      main: {
        smtp_banner: constantTemplate('mail.test.example ESMTP'),
        acl_smtp_rcpt: constantTemplate('rcpt'),
        received_header_text: constantTemplate('Received: from test'),
        ...main,
      },
    },
    acls: { rcpt: accept, ...acls },
  });
}

test('what cannot be read ends the session before it begins', async () => {
  const cases: readonly (readonly [main: Partial<MainOptions>, reply: string, panic: string])[] = [
    [
      { message_size_limit: BROKEN },
      'Temporary local problem - please try later',
      'unable to expand message_size_limit: unknown variable in "${xx}"',
    ],
    [
      { message_size_limit: constantTemplate('abc') },
      'Temporary local problem - please try later',
      'invalid message_size_limit: integer expected but "abc" found',
    ],
    [
      { smtp_active_hostname: BROKEN },
      'Local configuration error; please try again later.',
      'failed to expand "${xx}" (smtp_active_hostname): unknown variable in "${xx}"',
    ],
    [
      { smtp_banner: BROKEN },
      'Unexpected failure, please try later',
      'Expansion of "${xx}" (smtp_banner) failed: unknown variable in "${xx}"',
    ],
  ];
  for (const [main, reply, panic] of cases) {
    const { written, log } = await play(['EHLO x', 'QUIT'], main);
    assert.deepEqual([written, log.panicLines], [`421 ${reply}\n`, [panic]]);
  }
});

test('smtp_receive_timeout: five minutes when it is no time', async () => {
  for (const [option, shown] of [
    [BROKEN, ''],
    [constantTemplate('soon'), 'soon'],
  ] as const) {
    const { written, log } = await play(['QUIT'], { smtp_receive_timeout: option });
    assert.match(written, /^220 /);
    assert.deepEqual(log.panicLines, [`bad value for smtp_receive_timeout: '${shown}'`]);
  }
});

/** The codes of the replies, but for the greeting and the last. */
function codes({ written }: PlayedSession): string {
  const last = written.split('\n').filter((line) => /^[0-9]{3} /.test(line));
  return last
    .slice(1, -1)
    .map((line) => line.slice(0, 3))
    .join(' ');
}

test('HELO: junk, and names that the ACL does not take', async () => {
  const junk = { helo_accept_junk_hosts: testList('host', '192.0.2.25') };
  assert.equal(codes(await play(['EHLO a!b', 'EHLO', 'HELO a b', 'QUIT'], junk)), '250 250 250');
  assert.equal(codes(await play(['EHLO a!b', 'EHLO', 'HELO a b', 'QUIT'], {})), '501 501 501');
  let isBad = false;
  const helo = (): AclVerdict => {
    const verdict: AclVerdict = isBad ? { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } : { kind: 'accept' };
    isBad = !isBad;
    return verdict;
  };
  const main = { acl_smtp_helo: constantTemplate('helo') };
  assert.equal(codes(await play(['EHLO good', 'EHLO bad', 'MAIL FROM:<a@b>', 'QUIT'], main, { helo })), '250 550 250');
  isBad = true;
  assert.equal(codes(await play(['EHLO bad', 'MAIL FROM:<a@b>', 'QUIT'], main, { helo })), '550 503');
});

test('HELO: a name that the ACL does not take leaves the transaction as it is', async () => {
  let greetings = 0;
  const helo = (): AclVerdict =>
    greetings++ === 1 ? { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false } : { kind: 'accept' };
  const commands = ['EHLO good', 'MAIL FROM:<a@b>', 'HELO bad', 'RCPT TO:<c@d>', 'EHLO good', 'RCPT TO:<c@d>', 'QUIT'];
  assert.equal(codes(await play(commands, { acl_smtp_helo: constantTemplate('helo') }, { helo })), '250 250 550 250 250 503');
});

test('AUTH= of MAIL holds for one message', async () => {
  const senders: (string | undefined)[] = [];
  const mail = ({ session }: Frame): AclVerdict => {
    senders.push(session?.state.origin.authenticatedSender);
    return { kind: 'accept' };
  };
  const main = { acl_smtp_mail: constantTemplate('mail'), acl_smtp_mailauth: constantTemplate('mailauth') };
  await play(['EHLO c', 'MAIL FROM:<a@b> AUTH=x@y', 'RSET', 'MAIL FROM:<a@b>', 'QUIT'], main, { mail, mailauth: accept });
  assert.deepEqual(senders, ['x@y', undefined]);
});

test('a MAIL that is too big: what was pipelined behind it counts as no error', async () => {
  const { written } = await playSession(
    scriptedPeer(['EHLO c\r\n', `MAIL FROM:<a@b> SIZE=1000\r\n${'RCPT TO:<c@d>\r\n'.repeat(9)}`, 'NOOP\r\n', 'QUIT\r\n']),
    {
      config: { main: { smtp_banner: constantTemplate('mail.test.example ESMTP'), message_size_limit: constantTemplate('100') } },
    },
  );
  const last = written.split('\n').slice(-3);
  assert.deepEqual(last, ['250 OK', '221 mail.test.example closing connection', '']);
  assert.equal(written.match(/^503 sender not yet given$/gm)?.length, 9);
});

test('AUTH= of MAIL: acl_smtp_mailauth decides, before the ACL for MAIL, and whether or not the client has authenticated', async () => {
  const seen: string[] = [];
  const note =
    (name: string, verdict: AclVerdict) =>
    ({ session }: Frame): AclVerdict => {
      seen.push(`${name} <${session?.state.origin.authenticatedSender ?? '-'}>`);
      return verdict;
    };
  const given = (kind: 'fail' | 'defer'): AclVerdict => ({ kind, message: undefined, logMessage: undefined, isDrop: false }) as const;
  const main = { acl_smtp_mail: constantTemplate('mail'), acl_smtp_mailauth: constantTemplate('mailauth') };
  const cases: readonly (readonly [AclVerdict, string, readonly string[], readonly string[]])[] = [
    [{ kind: 'accept' }, '250 250', ['mailauth <x@y>', 'mail <x@y>'], []],
    [given('fail'), '250 250', ['mailauth <x@y>', 'mail <->'], ['ignoring AUTH=x@y from H=(c) [192.0.2.25] (rejected by ACL)']],
    [given('defer'), '250 451', ['mailauth <x@y>'], ['H=(c) [192.0.2.25] temporarily rejected MAILAUTH <a@b> AUTH=x@y']],
  ];
  for (const [verdict, replies, calls, log] of cases) {
    seen.length = 0;
    const acls = { mailauth: note('mailauth', verdict), mail: note('mail', { kind: 'accept' }) };
    const played = await play(['EHLO c', 'MAIL FROM:<a@b> AUTH=x@y', 'QUIT'], main, acls);
    assert.equal(codes(played), replies);
    assert.deepEqual(seen, calls);
    assert.deepEqual(played.log.mainLines, log);
  }
});

test('without accept_8bitmime neither it nor SMTPUTF8 is offered, but BODY is taken', async () => {
  const played = await play(['EHLO x', 'MAIL FROM:<a@b> BODY=8BITMIME', 'QUIT'], { accept_8bitmime: false });
  assert.doesNotMatch(played.written, /8BITMIME|SMTPUTF8/);
  assert.equal(codes(played), '250 250');
});

test('what is too big is told with envelope and header in the reject log', async () => {
  const commands = ['EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA', `Subject: x\r\n\r\n${'y'.repeat(200)}\r\n.`, 'QUIT'];
  const { log } = await play(commands, { message_size_limit: constantTemplate('100') });
  const line = log.lines.find((each) => each.log === 'reject');
  assert.match(line?.line ?? '', /^rejected from <a@b> H=\(x\) \[192\.0\.2\.25\]: message too big: read=[0-9]+ max=100$/);
  assert.deepEqual(line?.headers, ['Envelope-from: <a@b>\n', 'Envelope-to: <c@d>\n', '  Subject: x\n']);
});

test('id= of a message that was sent again by hand', async () => {
  for (const [header, shown] of [
    ['Message-ID: <m@i>', ' id=m@i'],
    ['Message-ID: <m@i>\r\nResent-From: <r@s>', ''],
    ['Message-ID: <m@i>\r\nResent-From: <r@s>\r\nResent-Message-ID: <r@i>', ' id=r@i'],
  ] as const) {
    const { log } = await play(['EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA', `${header}\r\n\r\nx\r\n.`, 'QUIT'], {});
    assert.equal(/^<= a@b H=\(x\) \[192\.0\.2\.25\] P=esmtp S=[0-9]+(.*)$/.exec(log.mainLines[0] ?? '')?.[1], shown, header);
  }
});
