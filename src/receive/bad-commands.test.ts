/** Broken commands and dialogues that break off: replies and log lines are those that Exim 4.96 gives to the same octets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MainOptions } from '../core/index.ts';
import { FakeLog } from '../system/fakes/log.ts';
import type { FakePeer } from '../system/fakes/net.ts';
import { scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate, testList } from '../system/fakes/services.ts';
import { playSession } from './fakes.ts';

const HOST = 'mail.test.example';
const WHO = 'H=(x) [192.0.2.25]';
const SELECTORS = [
  'smtp_syntax_error',
  'smtp_protocol_error',
  'smtp_incomplete_transaction',
  'lost_incoming_connection',
  'sender_verify_fail',
];

interface Case {
  /** What follows EHLO x, each with CRLF. */
  readonly lines: readonly string[];
  /** What the client sends at its end, without line end. */
  readonly tail?: string;
  readonly ending?: 'end' | 'reset';
  /** Behind the answer to EHLO, without what is said at the end of the stream. */
  readonly replies?: readonly string[];
  readonly log?: readonly string[];
  readonly main?: Partial<MainOptions>;
}

const MAIL = ['MAIL FROM:<a@b>'];
const RCPT = [...MAIL, 'RCPT TO:<c@d>'];
const LOST_COMMAND = `421 ${HOST} lost input connection`;
const LOST_DATA = '421 Lost incoming connection';
const GO_AHEAD = '354 Enter message, ending with "." on a line by itself';

function lostTransaction(what: string, error = ''): string[] {
  return [
    `${WHO} incomplete transaction (connection lost) from <a@b>${what}`,
    `unexpected disconnection while reading SMTP command from (x) [192.0.2.25]${error} D=0s`,
  ];
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

async function play({ lines, tail = '', ending = 'end', main = {} }: Case): Promise<{ replies: string[]; log: string[] }> {
  const log = new FakeLog({ selectors: SELECTORS });
  const given = scriptedPeer(['EHLO x\r\n', ...lines.map((line) => `${line}\r\n`), ...(tail === '' ? [] : [tail])]);
  const peer: FakePeer = (written) => {
    const next = given(written);
    return typeof next === 'object' && ending === 'reset' ? { ending } : next;
  };
  const template = constantTemplate;
  const texts = { smtp_banner: template('mail.test.example ESMTP'), received_header_text: template('Received: from test') };
  const { written } = await playSession(peer, {
    services: { log },
    config: { main: { ...texts, acl_smtp_rcpt: template('rcpt'), chunking_advertise_hosts: undefined, ...main } },
    acls: { rcpt: () => ({ kind: 'accept' }) },
  });
  const all = written.split('\n').slice(0, -1);
  return { replies: all.slice(all.indexOf('250 HELP') + 1), log: log.mainLines };
}

async function check(cases: readonly Case[]): Promise<void> {
  for (const one of cases) {
    const got = await play(one);
    const name = JSON.stringify([...one.lines, one.tail]);
    if (one.replies) assert.deepEqual(got.replies, one.replies, name);
    if (one.log) assert.deepEqual(got.log, one.log, name);
  }
}

test('a client that goes away gets an answer, and a log line tells in what state', async () => {
  await check([
    { lines: [], replies: [LOST_COMMAND], log: [] },
    { lines: MAIL, replies: ['250 OK', LOST_COMMAND], log: lostTransaction('') },
    { lines: RCPT, replies: ['250 OK', '250 Accepted', LOST_COMMAND], log: lostTransaction(' for c@d') },
    {
      lines: ['MAIL FROM:<a@b>', 'RCPT TO:<c'],
      log: [`SMTP syntax error in "RCPT TO:<c" ${WHO} "@" or "." expected after "c"`, ...lostTransaction('')],
    },
    { lines: MAIL, ending: 'reset', replies: ['250 OK'], log: lostTransaction('', ' (error: Connection reset by peer)') },
    ...['NOO', 'NOOP', 'QUIT', 'MAIL FROM:<a@b>'].map((tail) => ({ lines: [], tail, replies: [LOST_COMMAND], log: [] })),
    {
      lines: [...RCPT, 'DATA'],
      replies: ['250 OK', '250 Accepted', GO_AHEAD, LOST_DATA],
      log: ['SMTP connection from (x) [192.0.2.25] lost while reading message data (header)'],
    },
    {
      lines: [...RCPT, 'DATA', 'Subject: x'],
      log: ['SMTP connection from (x) [192.0.2.25] lost while reading message data (after header)'],
    },
    {
      lines: [...RCPT, 'DATA'],
      tail: 'Subject: x',
      log: ['SMTP connection from (x) [192.0.2.25] lost while reading message data (header)'],
    },
    { lines: [...RCPT, 'DATA', 'Subject: x', '', 'x'], log: ['SMTP connection from (x) [192.0.2.25] lost while reading message data'] },
    ...[[], ['Subject: x']].map((header) => ({
      lines: [...RCPT, 'DATA', ...header],
      tail: 'Foo',
      ending: 'reset' as const,
      log: ['SMTP connection from (x) [192.0.2.25] lost while reading message data (header)'],
    })),
    {
      lines: [...RCPT, 'DATA', 'Subject: x'],
      ending: 'reset',
      log: ['Message abandoned: Input read error (Connection reset by peer) while receiving message from (x) [192.0.2.25]'],
    },
  ]);
});

test('a transaction that a command ends is logged, but not when HELO ends it', async () => {
  const incomplete = (reason: string, what: string) => `${WHO} incomplete transaction (${reason}) from <a@b>${what}`;
  await check([
    { lines: [...RCPT, 'RSET'], log: [incomplete('RSET', ' for c@d')] },
    { lines: [...RCPT, 'QUIT'], log: [incomplete('QUIT', ' for c@d')] },
    {
      lines: [...RCPT, 'STARTTLS'],
      log: [incomplete('STARTTLS', ' for c@d'), 'TLS error on connection from (x) [192.0.2.25] SSL_accept'],
    },
    { lines: [...RCPT, 'EHLO y'], log: [] },
    { lines: [...MAIL, 'HELO y'], log: [] },
    {
      lines: [...MAIL, ...times(3, 'FOO')],
      main: { smtp_max_unknown_commands: 2 },
      log: [
        ...times(3, `SMTP syntax error in "FOO" ${WHO} unrecognized command`),
        incomplete('unrecognized command', ''),
        'SMTP call from (x) [192.0.2.25] dropped: too many unrecognized commands (last was "FOO")',
      ],
    },
    {
      lines: [...MAIL, 'NOOP', 'NOOP'],
      main: { smtp_accept_max_nonmail: 1 },
      log: [
        incomplete('too many non-mail commands', ''),
        'SMTP call from (x) [192.0.2.25] dropped: too many nonmail commands (last was "NOOP")',
      ],
    },
  ]);
});

test('syntax errors: what the log shows of the command, and of those before it', async () => {
  const dropped = (last: string, history: string) =>
    `SMTP call from (x) [192.0.2.25] dropped: too many syntax or protocol errors (last command was "${last}", ${history})`;
  const smtp_banner = constantTemplate('mail.test.example ESMTP');
  const main = { smtp_max_synprot_errors: 0, smtp_banner };
  await check([
    { lines: ['\xff\xfe'], log: [`SMTP syntax error in "\\377\\376" ${WHO} unrecognized command`] },
    { lines: ['\xff\xfe'], main: { print_topbitchars: true }, log: [`SMTP syntax error in "\xff\xfe" ${WHO} unrecognized command`] },
    {
      lines: ['EHLO \xe9'],
      replies: ['501 Syntactically invalid EHLO argument(s)', LOST_COMMAND],
      log: ['rejected EHLO from (x) [192.0.2.25]: syntactically invalid argument(s): \\351'],
    },
    {
      lines: ['MAIL FROM:<\xe9'],
      main,
      replies: ['501-<\xe9: "@" or "." expected after "\xe9"', '501 Too many syntax or protocol errors'],
      log: [`SMTP syntax error in "MAIL FROM:<\\351" ${WHO} "@" or "." expected after "\xe9"`, dropped('MAIL FROM:<\\351', ' C=EHLO,MAIL')],
    },
    ...['DATA x', 'RSET x', 'QUIT x', 'STARTTLS x'].map((line) => ({
      lines: [line],
      main,
      replies: ['501-unexpected argument data', '501 Too many syntax or protocol errors'],
      log: [`SMTP syntax error in "${line}" ${WHO} unexpected argument data`, dropped(line, ' C=EHLO')],
    })),
    {
      lines: ['N\0OP'],
      main,
      log: [`SMTP syntax error in "N?OP" ${WHO} NUL character(s) present (shown as '?')`, dropped('N?OP', ' C=EHLO')],
    },
    { lines: ['NOOP\tx'], replies: ['500 unrecognized command', LOST_COMMAND] },
  ]);
  const log = new FakeLog({ selectors: SELECTORS });
  await playSession(scriptedPeer(['\0\r\n']), { services: { log }, config: { main } });
  assert.equal(
    log.mainLines.at(-1),
    'SMTP call from [192.0.2.25] dropped: too many syntax or protocol errors (last command was "?", NULL)',
  );
});

test('non-mail commands: one RSET between messages is free, however many senders there were', async () => {
  const main = { smtp_accept_max_nonmail: 2, tls_advertise_hosts: undefined };
  const reset = ['MAIL FROM:<a@b>', 'RSET'];
  const cases: readonly (readonly [lines: readonly string[], accepted: number])[] = [
    [[], 2],
    [reset, 2],
    [['RSET', 'RSET'], 1],
    [[...reset, ...reset], 1],
    [[...reset, ...reset, ...reset], 0],
    [['DATA', 'RSET', 'DATA', 'RSET'], 1],
    [['STARTTLS', 'STARTTLS'], 2],
    [[...RCPT, 'DATA', '\r\nx\r\n.', 'RSET', 'RSET'], 1],
    [[...RCPT, 'DATA', '\r\nx\r\n.', 'EHLO y', 'EHLO y'], 1],
    [['RSET x', 'DATA x'], 2],
  ];
  for (const [lines, accepted] of cases) {
    const { replies } = await play({ lines: [...lines, ...times(4, 'NOOP')], main });
    const before = replies.lastIndexOf('554 Too many nonmail commands');
    const noops = replies
      .slice(0, before)
      .reverse()
      .findIndex((reply) => reply !== '250 OK');
    const count = noops < 0 ? before : noops;
    assert.ok(before >= 0, lines.join(' / '));
    assert.equal(count, accepted, lines.join(' / '));
  }
});

test('operands of HELO', async () => {
  const valid = [
    'a',
    '-',
    '.',
    'a..b',
    '1.2.3.4',
    '[1.2.3.4]',
    '[IPv4:1.2.3.4]',
    '[IPv6:::1]',
    '[ipv6:::1]',
    '[::1]',
    '[IPv6:::ffff:1.2.3.4]',
    'x'.repeat(300),
  ];
  const invalid = [
    ...['', 'a b', 'a_b', 'a\tb', 'a@b', 'a/b', '<a>', '"a"', '\xe9', '\x01', '%', 'a?b', '1.2.3.4]'],
    ...['[]', '[x]', '[1.2.3]', '[1.2.3.4', '[1.2.3.4]x', '[1.2.3.4]:25', '[256.1.1.1]', '[01.2.3.4]', '[1.2.3.4.5]', '[ 1.2.3.4]'],
    ...['[IPv6:1.2.3.4]', '[IPv4:::1]', '[IPv6:]', '[IPv6]', '[IPv6:::1', '[IPv6:::1]x'],
  ];
  for (const name of valid)
    assert.match((await play({ lines: [`HELO ${name}`] })).replies[0] ?? '', /^250 mail\.test\.example Hello /, name);
  for (const name of invalid)
    assert.equal((await play({ lines: [`HELO ${name}`] })).replies[0], '501 Syntactically invalid HELO argument(s)', name);
});

test('parameters of MAIL and RCPT', async () => {
  const main = { message_size_limit: constantTemplate('1000'), dsn_advertise_hosts: testList('host', '*') };
  const tooBig = '552 Message size exceeds maximum permitted';
  const mail: readonly (readonly [string, string])[] = [
    ['SIZE=1000', '250 OK'],
    ['SIZE=1001', tooBig],
    ['SIZE=-1', tooBig],
    ['SIZE=99999999999999999999', tooBig],
    ['SIZE=x', '250 OK'],
    ['SIZE="5"', '250 OK'],
    ['BODY=', '250 OK'],
    ['BODY', '501 invalid data for BODY'],
    ['BODY=9BIT', '501 invalid data for BODY'],
    ['BODY=BINARYMIME', '501 invalid data for BODY'],
    ['AUTH=+4', '501 invalid data for AUTH'],
    ['RET=', '250 OK'],
    ['RET', '501 Value for RET is invalid'],
    ['RET=X', '501 Value for RET is invalid'],
    ['RET=FULL RET=FULL', '501 RET can be specified once only'],
    ['ENVID=a ENVID=b', '501 ENVID can be specified once only'],
    ['SMTPUTF8=', '501 <a@b> SMTPUTF8=: malformed address: SMTPUTF8= may not follow <a@b> '],
    ['FOO=bar', '501 <a@b> FOO=bar: malformed address: FOO=bar may not follow <a@b> '],
    ['NOTIFY=NEVER', '501 <a@b> NOTIFY=NEVER: malformed address: NOTIFY=NEVER may not follow <a@b> '],
  ];
  for (const [parameter, reply] of mail)
    assert.equal((await play({ lines: [`MAIL FROM:<a@b> ${parameter}`], main })).replies[0], reply, parameter);
  const badNotify = '501 Invalid value for NOTIFY parameter';
  const rcpt: readonly (readonly [string, string])[] = [
    ['NOTIFY=never', '250 Accepted'],
    ['NOTIFY=SUCCESS,FAILURE,DELAY', '250 Accepted'],
    ['NOTIFY=SUCCESS,', '250 Accepted'],
    ['NOTIFY=', '250 Accepted'],
    ['NOTIFY', badNotify],
    ['NOTIFY=NEVER,SUCCESS', badNotify],
    ['NOTIFY=NEVER,NEVER', badNotify],
    ['NOTIFY=SUCCESS,,DELAY', badNotify],
    ['NOTIFY=SUCCESSX', badNotify],
    ['NOTIFY=DELAY NOTIFY=DELAY', '501 NOTIFY can be specified once only'],
    ['ORCPT=rfc822;a ORCPT=rfc822;b', '501 ORCPT can be specified once only'],
    ['SIZE=5', '501 <c@d> SIZE=5: malformed address: SIZE=5 may not follow <c@d> '],
  ];
  for (const [parameter, reply] of rcpt)
    assert.equal((await play({ lines: [...MAIL, `RCPT TO:<c@d> ${parameter}`], main })).replies[1], reply, parameter);
});

test('the trace tells of each list of hosts that is asked when a connection begins, set or not', async () => {
  const log = new FakeLog({ debug: ['lists'] });
  const setup = { services: { log }, config: { main: { smtp_banner: constantTemplate('mail.test.example ESMTP') } } };
  await playSession(scriptedPeer(['QUIT\r\n']), setup);
  const asked = [
    ...['hosts_connection_nolog', 'host_lookup', 'host_reject_connection', 'sender_unqualified_hosts', 'recipient_unqualified_hosts'],
    ...['helo_verify_hosts', 'helo_try_verify_hosts', 'helo_accept_junk_hosts'],
  ];
  assert.deepEqual(
    log.debugLines.filter((line) => line.includes('(option unset)')),
    asked.map((name) => `host in ${name}? no (option unset)`),
  );
});
