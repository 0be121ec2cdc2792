/** Settings that make no sense for a connection, and others that decide what is said before a message: answers and lines are Exim's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclVerdict, MainOptions, Template } from '../core/index.ts';
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
  acls: Readonly<Record<string, () => AclVerdict>> = {},
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
