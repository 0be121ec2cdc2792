/** What the log and the not-QUIT ACL are told of the end of a connection, and in which order: compared with Exim on the same dialogues. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclVerdict, Frame, MainOptions } from '../core/index.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { type FakePeer, scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate } from '../system/fakes/services.ts';
import { playSession } from './fakes.ts';

const SELECTORS = ['smtp_connection', 'smtp_no_mail', 'smtp_incomplete_transaction', 'lost_incoming_connection'];

type Options = Partial<MainOptions>;

const refusal = (isDrop: boolean) => (): AclVerdict => ({ kind: 'fail', message: undefined, logMessage: undefined, isDrop });

/** The lines of the log, without durations, behind the one that says who connects. `NQ`: the not-QUIT ACL runs. */
async function lines(peer: FakePeer, options: Options = {}, selectors: readonly string[] = SELECTORS): Promise<readonly string[]> {
  const log = new FakeLog({ selectors });
  const note = ({ session }: Frame): AclVerdict => {
    log.main(`NQ ${session?.state.quitReason ?? ''}`);
    return { kind: 'accept' };
  };
  await playSession(peer, {
    services: { log },
    config: {
      main: {
        smtp_banner: constantTemplate('mail.test.example ESMTP'),
        acl_smtp_rcpt: constantTemplate('accept'),
        acl_smtp_notquit: constantTemplate('note'),
        ...options,
      },
    },
    acls: { note, accept: () => ({ kind: 'accept' }), drop: refusal(true), deny: refusal(false) },
  });
  return log.mainLines.filter((line) => !line.includes('connection count')).map((line) => line.replace(/ D=\S+/, ''));
}

function says(...commands: readonly string[]): FakePeer {
  return scriptedPeer(commands.map((command) => `${command}\r\n`));
}

/** Then the peer ends, hangs or breaks the connection. */
function breaks(ending: 'end' | 'timeout' | 'reset', ...commands: readonly string[]): FakePeer {
  let index = 0;
  return () => {
    const command = commands[index++];
    return command === undefined ? { ending } : `${command}\r\n`;
  };
}

const WHO = '(x) [192.0.2.25]';
const MAIL = 'MAIL FROM:<a@b.ex>';

test('the end by QUIT, by the ACLs, and for the commands', async () => {
  const cases: readonly (readonly [peer: FakePeer, options: Options, lines: readonly string[]])[] = [
    [says('HELO x', 'QUIT'), {}, [`SMTP connection from ${WHO} closed by QUIT`, `no MAIL in SMTP connection from ${WHO} C=HELO,QUIT`]],
    [
      says('HELO x', MAIL, 'QUIT'),
      {},
      [`H=${WHO} incomplete transaction (QUIT) from <a@b.ex>`, `SMTP connection from ${WHO} closed by QUIT`],
    ],
    [
      says('HELO x', 'QUIT'),
      { acl_smtp_connect: constantTemplate('drop') },
      ['H=[192.0.2.25] rejected connection in "connect" ACL', 'SMTP connection from [192.0.2.25] closed by DROP in ACL', 'NQ acl-drop'],
    ],
    [says('HELO x', 'QUIT'), { acl_smtp_connect: constantTemplate('deny') }, ['H=[192.0.2.25] rejected connection in "connect" ACL']],
    [
      says('HELO x', 'QUIT'),
      { acl_smtp_helo: constantTemplate('drop') },
      [
        `H=${WHO} rejected EHLO or HELO x`,
        `SMTP connection from ${WHO} closed by DROP in ACL`,
        'NQ acl-drop',
        'no MAIL in SMTP connection from [192.0.2.25] C=HELO',
      ],
    ],
    [
      says('HELO x', MAIL),
      { acl_smtp_mail: constantTemplate('drop') },
      [`H=${WHO} rejected MAIL <a@b.ex>`, `SMTP connection from ${WHO} closed by DROP in ACL`, 'NQ acl-drop'],
    ],
    [
      says('HELO x', 'NOOP', 'NOOP', 'NOOP'),
      { smtp_accept_max_nonmail: 2 },
      [
        `SMTP call from ${WHO} dropped: too many nonmail commands (last was "NOOP")`,
        'NQ bad-commands',
        `no MAIL in SMTP connection from ${WHO} C=HELO,NOOP,NOOP`,
      ],
    ],
    [
      says('HELO x', 'FOO', 'BAR'),
      { smtp_max_unknown_commands: 1 },
      [
        'NQ bad-commands',
        `SMTP call from ${WHO} dropped: too many unrecognized commands (last was "BAR")`,
        `no MAIL in SMTP connection from ${WHO} C=HELO`,
      ],
    ],
  ];
  for (const [peer, options, expected] of cases) assert.deepEqual(await lines(peer, options), expected);
});

test('who goes away, and who is silent', async () => {
  const cases: readonly (readonly [peer: FakePeer, lines: readonly string[]])[] = [
    [breaks('end', 'HELO x'), ['NQ connection-lost', `SMTP connection from ${WHO} lost`, `no MAIL in SMTP connection from ${WHO} C=HELO`]],
    [
      breaks('reset', 'HELO x'),
      [
        'NQ connection-lost',
        `SMTP connection from ${WHO} lost (error: Connection reset by peer)`,
        `no MAIL in SMTP connection from ${WHO} C=HELO`,
      ],
    ],
    [
      breaks('end', 'HELO x', MAIL),
      [
        `H=${WHO} incomplete transaction (connection lost) from <a@b.ex>`,
        'NQ connection-lost',
        `unexpected disconnection while reading SMTP command from ${WHO}`,
      ],
    ],
    [
      breaks('reset', 'HELO x', MAIL),
      [
        `H=${WHO} incomplete transaction (connection lost) from <a@b.ex>`,
        'NQ connection-lost',
        `unexpected disconnection while reading SMTP command from ${WHO} (error: Connection reset by peer)`,
      ],
    ],
    [breaks('timeout', 'HELO x'), [`SMTP command timeout on connection from ${WHO}`, 'NQ command-timeout']],
    [breaks('timeout', 'HELO x', MAIL), [`SMTP command timeout on connection from ${WHO}`, 'NQ command-timeout']],
  ];
  for (const [peer, expected] of cases) assert.deepEqual(await lines(peer), expected);
});

test('who does not wait', async () => {
  const early = `SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected "${MAIL}" H=${WHO} next input="NOOP\\r\\n" (6 bytes)`;
  assert.deepEqual(await lines(says('HELO x', `${MAIL}\r\nNOOP`)), [
    `H=${WHO} incomplete transaction (sync failure) from <a@b.ex>`,
    early,
    'NQ synchronization-error',
  ]);
});

test('unqualified addresses are told of with the selector for syntax errors', async () => {
  const peer = () => says('HELO x', 'VRFY a', 'MAIL FROM:<a>', 'QUIT');
  const vrfy = { acl_smtp_vrfy: constantTemplate('accept') };
  assert.deepEqual(await lines(peer(), vrfy, []), []);
  assert.deepEqual(await lines(peer(), vrfy, ['smtp_syntax_error']), [
    'unqualified verify rejected: <a> H=(x) [192.0.2.25]',
    'unqualified sender rejected: <a> H=(x) [192.0.2.25]',
  ]);
});
