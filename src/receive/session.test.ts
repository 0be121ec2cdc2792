import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AclVerdict, Frame } from '../core/index.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { FakeConnection, scriptedPeer } from '../system/fakes/net.ts';
import { constantTemplate } from '../system/fakes/services.ts';
import type { SessionSetup } from './fakes.ts';
import { messageText, playSession } from './fakes.ts';

const banner = constantTemplate('mail.test.example ESMTP');
const accept = (): AclVerdict => ({ kind: 'accept' });
const open: SessionSetup = {
  config: {
    main: { smtp_banner: banner, acl_smtp_rcpt: constantTemplate('rcpt'), received_header_text: constantTemplate('Received: from test') },
  },
  acls: { rcpt: accept },
};

function withMain(main: NonNullable<NonNullable<SessionSetup['config']>['main']>, acls: SessionSetup['acls'] = {}): SessionSetup {
  return { config: { main: { ...open.config?.main, ...main } }, acls: { ...open.acls, ...acls } };
}

/** Commands one at a time, each after the reply to the one before. */
/** What the client that leaves without QUIT is told at last. */
const LOST = '421 mail.test.example lost input connection';

/** The lines of all replies, but for the last one to a client that leaves. */
async function replies(commands: readonly string[], setup: SessionSetup = open): Promise<string[]> {
  const { written } = await playSession(scriptedPeer(commands.map((command) => `${command}\r\n`)), setup);
  return written.split('\n').filter((line) => line !== '' && line !== LOST);
}

test('a message from EHLO to QUIT', async () => {
  const { written, store, log } = await playSession(
    scriptedPeer([
      'EHLO client.example\r\n',
      'MAIL FROM:<a@b.example>\r\n',
      'RCPT TO:<User@C.example>\r\n',
      'DATA\r\n',
      'Subject: x\r\n\r\nHello\r\n..\r\n.\r\n',
      'QUIT\r\n',
    ]),
    open,
  );
  assert.deepEqual(written.split('\n'), [
    '220 mail.test.example ESMTP',
    '250-mail.test.example Hello client.example [192.0.2.25]',
    '250-SIZE 52428800',
    '250-LIMITS MAILMAX=1000 RCPTMAX=50000',
    '250-8BITMIME',
    '250-PIPELINING',
    '250-PIPECONNECT',
    '250-CHUNKING',
    '250-STARTTLS',
    '250-SMTPUTF8',
    '250 HELP',
    '250 OK',
    '250 Accepted',
    '354 Enter message, ending with "." on a line by itself',
    '250 OK id=1ABCDE-00000000001-0001',
    '221 mail.test.example closing connection',
    '',
  ]);
  const message = store.accepted[0];
  assert.ok(message);
  assert.equal(message.sender, 'a@b.example');
  assert.deepEqual(message.recipients, [{ address: 'User@C.example' }]);
  assert.match(messageText(message), /^Received: from test;\n\t[^\n]+\nSubject: x\n\nHello\n\.\n$/);
  assert.equal(message.origin.protocol, 'esmtp');
  assert.match(log.mainLines[0] ?? '', /^<= a@b\.example H=\(client\.example\) \[192\.0\.2\.25\] P=esmtp S=\d+$/);
});

test('a heading is sent with the first reply', async () => {
  const connection = new FakeConnection(scriptedPeer(['QUIT\r\n']));
  const writes: unknown[] = [];
  const write = connection.write.bind(connection);
  connection.write = (bytes, until) => {
    writes.push(bytes);
    return write(bytes, until);
  };
  await playSession(scriptedPeer([]), { ...open, parts: { connection, heading: '**** testing\n\n' } });
  assert.deepEqual(writes, ['**** testing\n\n220 mail.test.example ESMTP\r\n', '221 mail.test.example closing connection\r\n']);
});

test('smtp_strict_crlf refuses a bare CR or LF in commands and in messages', async () => {
  const strict = withMain({ smtp_strict_crlf: true });
  const { written, store } = await playSession(
    scriptedPeer([
      'EHLO client.example\n',
      'EHLO client\r.example\r\n',
      'HELO client.example\r\n',
      'MAIL FROM:<a@b.example>\r\n',
      'RCPT TO:<c@d.example>\r\n',
      'DATA\r\n',
      'Subject: x\n\nx\n.\nMAIL FROM:<smuggled@b.example>\r\n.\r\n',
      'QUIT\r\n',
    ]),
    strict,
  );
  assert.deepEqual(written.split('\n').slice(1), [
    '501 bare CR or LF is not allowed in SMTP commands',
    '501 bare CR or LF is not allowed in SMTP commands',
    '250 mail.test.example Hello client.example [192.0.2.25]',
    '250 OK',
    '250 Accepted',
    '354 Enter message, ending with "." on a line by itself',
    '550 bare CR or LF is not allowed in messages',
    '221 mail.test.example closing connection',
    '',
  ]);
  assert.deepEqual(store.accepted, []);
});

test('a local client must say HELO too', async () => {
  const local: SessionSetup = { ...open, parts: { mode: 'smtp-local' } };
  assert.deepEqual((await replies(['MAIL FROM:<>', 'HELO x', 'MAIL FROM:<>', 'QUIT'], local)).slice(1), [
    '503 HELO or EHLO required',
    '250 mail.test.example Hello x [192.0.2.25]',
    '250 OK',
    '221 mail.test.example closing connection',
  ]);
  const lenient = withMain({ hosts_require_helo: undefined });
  assert.equal((await replies(['MAIL FROM:<>'], lenient))[1], '250 OK');
});

test('refused commands', async () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ['FOO', 'MAIL', 'RCPT TO'],
      ['500 unrecognized command', '500 unrecognized command', '500 unrecognized command'],
    ],
    [['MAIL FROM:<a@b>'], ['503 HELO or EHLO required']],
    [
      ['RCPT TO:<a@b>', 'DATA'],
      [
        '503 sender not yet given',
        '503-All RCPT commands were rejected with this error:',
        '503-503 sender not yet given',
        '503 valid RCPT command must precede DATA',
      ],
    ],
    [
      ['HELO', 'EHLO a b', 'HELO a_b'],
      [
        '501 Syntactically invalid HELO argument(s)',
        '501 Syntactically invalid EHLO argument(s)',
        '501 Syntactically invalid HELO argument(s)',
      ],
    ],
    [
      ['RSET foo', 'QUIT foo', 'DATA x'],
      ['501 unexpected argument data', '501 unexpected argument data', '501 unexpected argument data'],
    ],
    [['BDAT 5'], ['503 BDAT command used when CHUNKING not advertised']],
    [['STARTTLS'], ['503 STARTTLS command used when not advertised']],
    [['AUTH PLAIN'], ['503 AUTH command used when not advertised']],
    [['VRFY a@b'], ['252 Administrative prohibition']],
    [
      ['EXPN a@b', 'ETRN #x'],
      ['550 Administrative prohibition', '458 Administrative prohibition'],
    ],
    [['NOOP a\0b'], ['501 NUL characters are not allowed in SMTP commands']],
    [['VRFY x'], ['501 x: recipient address must contain a domain']],
    [['HELP'], ['214-Commands supported:', '214 AUTH STARTTLS HELO EHLO MAIL RCPT DATA BDAT NOOP QUIT RSET HELP']],
  ];
  for (const [commands, expected] of cases) assert.deepEqual((await replies(commands)).slice(1), expected, commands.join(' / '));
});

test('MAIL and RCPT', async () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [['MAIL FROM:'], ['501 MAIL must have an address operand']],
    [['MAIL FROM:<a>'], ['501 <a>: sender address must contain a domain']],
    [['MAIL FROM:<a@b> SIZE=1'], ['501 <a@b> SIZE=1: malformed address: SIZE=1 may not follow <a@b> ']],
    [
      ['MAIL FROM:<>', 'MAIL FROM:<a@b>'],
      ['250 OK', '503 sender already given'],
    ],
    [
      ['MAIL FROM:<>', 'RCPT TO:', 'RCPT TO:<a', 'RCPT TO:<a>'],
      [
        '250 OK',
        '501 RCPT must have an address operand',
        '501 <a: "@" or "." expected after "a"',
        '501 <a>: recipient address must contain a domain',
      ],
    ],
    [
      ['MAIL FROM:<>', 'RCPT TO:<Postmaster>'],
      ['250 OK', '250 Accepted'],
    ],
    [
      ['MAIL FROM:<a@b>', 'RSET', 'RCPT TO:<a@b>'],
      ['250 OK', '250 Reset OK', '503 sender not yet given'],
    ],
  ];
  for (const [commands, expected] of cases) {
    const got = await replies(['HELO x', ...commands]);
    assert.deepEqual(got.slice(2, 2 + expected.length), expected, commands.join(' / '));
  }
});

test('unreadable and unqualified addresses: only the first count as syntax errors', async () => {
  const setup = withMain({ smtp_max_synprot_errors: 1, acl_smtp_vrfy: constantTemplate('vrfy') }, { vrfy: accept });
  const commands = [
    'HELO x',
    ...['MAIL FROM:<a>', 'MAIL FROM:<a>', 'MAIL FROM:<a@@b>', 'VRFY a', 'VRFY a@@b', 'MAIL FROM:<a@b>', 'RCPT TO:<c>', 'RCPT TO:<c@@d>'],
  ];
  const log = new FakeLog({ selectors: ['smtp_syntax_error'] });
  const { written } = await playSession(scriptedPeer(commands.map((command) => `${command}\r\n`)), { ...setup, services: { log } });
  assert.deepEqual(written.split('\n').slice(2, -1), [
    '501 <a>: sender address must contain a domain',
    '501 <a>: sender address must contain a domain',
    '501 <a@@b>: domain missing or malformed',
    '501 a: recipient address must contain a domain',
    '501 domain missing or malformed',
    '250 OK',
    '501 <c>: recipient address must contain a domain',
    '501-<c@@d>: domain missing or malformed',
    '501 Too many syntax or protocol errors',
  ]);
  assert.deepEqual(log.mainLines.slice(0, 5), [
    'unqualified sender rejected: <a> H=(x) [192.0.2.25]',
    'unqualified sender rejected: <a> H=(x) [192.0.2.25]',
    'SMTP syntax error in "MAIL FROM:<a@@b>" H=(x) [192.0.2.25] domain missing or malformed',
    'unqualified verify rejected: <a> H=(x) [192.0.2.25]',
    'unqualified recipient rejected: <c> H=(x) [192.0.2.25]',
  ]);
});

test('PRDR: each of several recipients gets a reply of its own', async () => {
  const verdicts: Readonly<Record<string, AclVerdict>> = {
    bad: { kind: 'fail', message: undefined, logMessage: 'logged', isDrop: false },
    told: { kind: 'fail', message: 'go away\nnow', logMessage: undefined, isDrop: false },
    later: { kind: 'defer', message: undefined, logMessage: undefined },
    broken: { kind: 'error', logMessage: 'cannot expand' },
  };
  const setup = withMain(
    { prdr_enable: true, acl_smtp_data_prdr: constantTemplate('prdr') },
    { prdr: (frame) => verdicts[frame.transaction?.state.currentRecipient?.localPart ?? ''] ?? { kind: 'accept' } },
  );
  const id = 'id=1ABCDE-00000000001-0001';
  const begin = '353 PRDR content analysis beginning';
  const cases: readonly (readonly [recipients: readonly string[], replies: readonly string[], delivered: readonly string[]])[] = [
    [['good'], [`250 OK ${id}`], ['good@d']],
    [['bad'], [`250 OK ${id}`], ['bad@d']],
    [
      ['good', 'other'],
      [begin, '250 PRDR R=<good@d> acceptance', '250 PRDR R=<other@d> acceptance', `250 ${id} message accepted`],
      ['good@d', 'other@d'],
    ],
    [
      ['bad', 'good', 'later', 'told', 'broken'],
      [
        begin,
        '550 PRDR R=<bad@d> refusal',
        '250 PRDR R=<good@d> acceptance',
        '450 PRDR R=<later@d> temporary refusal',
        '550-go away',
        '550 now',
        '450 PRDR R=<broken@d> temporary refusal',
        `250 ${id} message accepted for some recipients`,
      ],
      ['good@d'],
    ],
    [
      ['bad', 'bad'],
      [begin, '550 PRDR R=<bad@d> refusal', '550 PRDR R=<bad@d> refusal', `550 ${id} message rejected for all recipients`],
      [],
    ],
  ];
  for (const [recipients, expected, delivered] of cases) {
    const { written, store, log } = await playSession(
      scriptedPeer([
        'EHLO x\r\n',
        'MAIL FROM:<a@b> PRDR\r\n',
        ...recipients.map((name) => `RCPT TO:<${name}@d>\r\n`),
        'DATA\r\n',
        'Subject: x\r\n\r\nx\r\n.\r\n',
        'QUIT\r\n',
      ]),
      setup,
    );
    const lines = written.split('\n');
    assert.ok(lines.includes('250-PRDR') && lines.includes('250 OK, PRDR Requested'));
    assert.deepEqual(lines.slice(lines.findIndex((line) => line.startsWith('354')) + 1, -2), expected);
    assert.deepEqual(
      store.accepted.flatMap((message) => message.recipients.map(({ address }) => address)),
      delivered,
    );
    assert.equal(
      log.mainLines.some((line) => line.includes('P=esmtp PRDR ')),
      recipients.length > 1 && delivered.length > 0,
    );
    if (recipients.length > 1 && recipients.includes('bad')) assert.ok(log.mainLines.includes('PRDR bad@d logged'));
  }
});

test('DATA after refused recipients names what all were refused with', async () => {
  const heading = '503-All RCPT commands were rejected with this error:';
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [['RCPT TO:<a@@b>'], [heading, '503-501 <a@@b>: domain missing or malformed']],
    [
      ['RCPT TO:<a@@b>', 'RCPT TO:<a@@b>'],
      [heading, '503-501 <a@@b>: domain missing or malformed'],
    ],
    [['RCPT TO:<a>'], [heading, '503-501 <a>: recipient address must contain a domain']],
    [['RCPT TO:<a@@b>', 'RCPT TO:<a>'], []],
  ];
  for (const [recipients, expected] of cases) {
    const got = await replies(['HELO x', 'MAIL FROM:<>', ...recipients, 'DATA']);
    assert.deepEqual(got.slice(3 + recipients.length), [...expected, '503 valid RCPT command must precede DATA'], recipients.join(' / '));
  }
});

test('ACLs decide, and their texts reach the client and the logs', async () => {
  const local = (frame: Frame) => frame.transaction?.state.currentRecipient?.localPart;
  const verdicts: Readonly<Record<string, AclVerdict>> = {
    deny: { kind: 'fail', message: undefined, logMessage: undefined, isDrop: false },
    custom: { kind: 'fail', message: '553 5.7.1 first\nsecond', logMessage: 'log text', isDrop: false },
    defer: { kind: 'defer', message: undefined, logMessage: undefined },
    broken: { kind: 'error', logMessage: 'cannot expand' },
    drop: { kind: 'fail', message: 'bye', logMessage: undefined, isDrop: true },
    sender: {
      kind: 'fail',
      message: 'Sender verify failed',
      logMessage: 'Sender verify failed',
      isDrop: false,
      senderVerify: { address: 'a@b', details: 'Unrouteable address', logText: 'Unrouteable address', isDefer: false },
    },
  };
  const setup = withMain({}, { rcpt: (frame) => verdicts[local(frame) ?? ''] ?? { kind: 'accept' } });
  const { written, log } = await playSession(
    scriptedPeer([
      'HELO x\r\n',
      'MAIL FROM:<a@b>\r\n',
      ...['deny', 'custom', 'defer', 'broken', 'sender', 'sender', 'drop', 'never'].map((name) => `RCPT TO:<${name}@d>\r\n`),
    ]),
    setup,
  );
  assert.deepEqual(written.split('\n').slice(3, -1), [
    '550 Administrative prohibition',
    '553-5.7.1 first',
    '553 5.7.1 second',
    '451 Temporary local problem - please try later',
    '451 Temporary local problem - please try later',
    '550-Verification failed for <a@b>',
    '550-Unrouteable address',
    '550 Sender verify failed',
    '550 Sender verify failed',
    '550 bye',
  ]);
  assert.deepEqual(log.rejectLines, [
    'H=(x) [192.0.2.25] F=<a@b> rejected RCPT <deny@d>',
    'H=(x) [192.0.2.25] F=<a@b> rejected RCPT <custom@d>: log text',
    'H=(x) [192.0.2.25] F=<a@b> temporarily rejected RCPT <defer@d>',
    'H=(x) [192.0.2.25] F=<a@b> temporarily rejected RCPT <broken@d>: cannot expand',
    'H=(x) [192.0.2.25] sender verify fail for <a@b>: Unrouteable address',
    'H=(x) [192.0.2.25] F=<a@b> rejected RCPT <sender@d>: Sender verify failed',
    'H=(x) [192.0.2.25] F=<a@b> rejected RCPT <sender@d>: Sender verify failed',
    'H=(x) [192.0.2.25] F=<a@b> rejected RCPT <drop@d>',
  ]);
  assert.ok(log.mainLines.includes('H=(x) [192.0.2.25] sender verify fail for <a@b>: Unrouteable address'));
});

test('ACLs of every phase', async () => {
  const phases: string[] = [];
  const note = (_frame: Frame, phase: string): AclVerdict => {
    phases.push(phase);
    return { kind: 'accept' };
  };
  const acl = constantTemplate('note');
  const setup = withMain(
    {
      acl_smtp_connect: acl,
      acl_smtp_helo: acl,
      acl_smtp_mail: acl,
      acl_smtp_rcpt: acl,
      acl_smtp_predata: acl,
      acl_smtp_data: acl,
      acl_smtp_quit: acl,
      acl_smtp_notquit: acl,
    },
    { note },
  );
  await playSession(
    scriptedPeer(['HELO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'DATA\r\n', '\r\nx\r\n.\r\n', 'QUIT\r\n']),
    setup,
  );
  assert.deepEqual(phases, ['connect', 'helo', 'mail', 'rcpt', 'predata', 'data', 'quit']);
  phases.length = 0;
  const chunked = ['MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'BDAT 5 LAST\r\n\r\nx\r\n', 'QUIT\r\n'];
  await playSession(scriptedPeer(['EHLO x\r\n', ...chunked]), setup);
  assert.deepEqual(phases, ['connect', 'helo', 'mail', 'rcpt', 'data', 'quit'], 'none before chunks');
  phases.length = 0;
  await playSession(scriptedPeer(['HELO x\r\n']), setup);
  assert.deepEqual(phases, ['connect', 'helo', 'notquit']);
});

test('a refusal after DATA leaves nothing and the session goes on', async () => {
  const setup = withMain(
    { acl_smtp_data: constantTemplate('data') },
    { data: () => ({ kind: 'fail', message: 'no such content', logMessage: 'spam', isDrop: false }) },
  );
  const { written, store, log } = await playSession(
    scriptedPeer([
      'HELO x\r\n',
      'MAIL FROM:<a@b>\r\n',
      'RCPT TO:<a@b>\r\n',
      'DATA\r\n',
      'Subject: s\r\n\r\nx\r\n.\r\n',
      'NOOP\r\n',
      'QUIT\r\n',
    ]),
    setup,
  );
  assert.deepEqual(written.split('\n').slice(5, -1), ['550 no such content', '250 OK', '221 mail.test.example closing connection']);
  assert.equal(store.accepted.length, 0);
  assert.equal(store.aborted, 1);
  const entry = log.lines.find((line) => line.log === 'reject');
  assert.equal(entry?.line, 'H=(x) [192.0.2.25] F=<a@b> rejected after DATA: spam');
  assert.ok(entry?.headers.some((header) => header.includes('Subject: s')));
});

test('what the spool cannot take is a 451', async () => {
  const played = playSession(
    scriptedPeer(['HELO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'DATA\r\n', '\r\nx\r\n.\r\n', 'QUIT\r\n']),
    {
      ...open,
      parts: { store: { begin: () => ({ kind: 'error', errno: 'ENOSPC', reason: 'No space left on device' }) } },
    },
  );
  const { written } = await played;
  assert.match(written, /\n451 Temporary local problem - please try later\n/);
});

test('controls and discarding', async () => {
  const fake = withMain(
    {},
    {
      rcpt: (frame) => {
        frame.transaction?.state.controls.set('fakereject', '');
        return { kind: 'accept' };
      },
    },
  );
  const session = ['HELO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'DATA\r\n', '\r\nx\r\n.\r\n', 'QUIT\r\n'];
  const rejected = await playSession(scriptedPeer(session), fake);
  assert.match(rejected.written, /\n550-Your message has been rejected but is being kept for evaluation\.\n/);
  assert.equal(rejected.store.accepted.length, 1);
  const discarded = await playSession(scriptedPeer(session), withMain({}, { rcpt: () => ({ kind: 'discard', logMessage: undefined }) }));
  assert.match(discarded.written, /\n250 OK id=/);
  assert.equal(discarded.store.accepted.length, 0);
  assert.ok(discarded.log.mainLines.includes('=> blackhole (RCPT ACL discarded recipients)'));
});

test('pipelined groups are answered in order, and input that comes too soon ends the session', async () => {
  const group = await playSession(
    scriptedPeer(['EHLO x\r\n', 'MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n', '\r\nx\r\n.\r\nQUIT\r\n']),
    open,
  );
  assert.deepEqual(
    group.written
      .split('\n')
      .slice(-6, -1)
      .map((line) => line.slice(0, 3)),
    ['250', '250', '354', '250', '221'],
  );
  const early = await playSession(
    scriptedPeer(['HELO x\r\nMAIL FROM:<a@b>\r\n']),
    withMain({ pipelining_connect_advertise_hosts: undefined }),
  );
  assert.equal(early.written, '554 SMTP synchronization error\n');
  assert.deepEqual(early.log.rejectLines, [
    'SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[192.0.2.25] input="HELO x\\r\\nMAIL FROM:<a@b>\\r\\n"',
  ]);
});

test('what comes before MAIL may come at once where PIPECONNECT is offered, what comes later may not', async () => {
  const { written } = await playSession(scriptedPeer(['EHLO x\r\nNOOP\r\nMAIL FROM:<a@b>\r\nNOOP\r\nRCPT TO:<a@b>\r\n']), open);
  assert.deepEqual(
    written
      .split('\n')
      .filter((line) => !line.startsWith('250-'))
      .slice(0, -1),
    ['220 mail.test.example ESMTP', '250 HELP', '250 OK', '250 OK', '554 SMTP synchronization error'],
  );
});

test('what comes while the server works on a command is too soon as well', async () => {
  const early = async (commands: readonly string[], acl: 'helo' | 'mail' | 'rcpt' | 'predata', advertises: boolean) => {
    const rest = commands.map((command) => `${command}\r\n`);
    const connection = new FakeConnection((reply) => (reply === '' ? '' : (rest.shift() ?? { ending: 'end' })));
    const meanwhile = (): AclVerdict => {
      connection.unread(Buffer.from('NOOP\r\n'));
      return { kind: 'accept' };
    };
    const setup = withMain(
      {
        [`acl_smtp_${acl}`]: constantTemplate('meanwhile'),
        pipelining_connect_advertise_hosts: undefined,
        ...(advertises ? {} : { pipelining_advertise_hosts: undefined }),
      },
      { meanwhile },
    );
    const { log } = await playSession(scriptedPeer([]), { ...setup, parts: { connection } });
    return [connection.written.split('\r\n').at(-2), ...log.rejectLines];
  };
  const begun = ['EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA'];
  const rejected = (command: string, offered: string) => [
    '554 SMTP synchronization error',
    `SMTP protocol synchronization error (next input sent too soon: pipelining was ${offered}): rejected "${command}" H=(x) [192.0.2.25] next input="NOOP\\r\\n" (6 bytes)`,
  ];
  assert.deepEqual(await early(begun.slice(0, 1), 'helo', true), rejected('EHLO x', 'not advertised'));
  assert.deepEqual(await early(begun.slice(0, 2), 'mail', false), rejected('MAIL FROM:<a@b>', 'not advertised'));
  assert.deepEqual(await early(begun.slice(0, 3), 'rcpt', false), rejected('RCPT TO:<c@d>', 'not advertised'));
  assert.deepEqual(await early(begun, 'predata', true), rejected('DATA', 'advertised'));
  assert.deepEqual(await early(begun.slice(0, 3), 'rcpt', true), ['421 mail.test.example lost input connection']);
});

test('a client that goes away before it is told that the message is taken has not sent it', async () => {
  const pieces = ['EHLO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n', 'DATA\r\n', 'x: y\r\n.\r\n'];
  const lines = async (last: string, hasMore: boolean) => {
    const connection = new FakeConnection(() => {
      const piece = pieces[sent++];
      return sent < pieces.length ? piece : { first: (piece ?? '') + last, ending: 'end' };
    });
    let sent = 0;
    const gone = (): AclVerdict => {
      if (hasMore) connection.unread(Buffer.from('QUIT\r\n'));
      return { kind: 'accept' };
    };
    const setup = withMain({ acl_smtp_data: constantTemplate('gone') }, { gone });
    const { log, store } = await playSession(scriptedPeer([]), { ...setup, parts: { connection } });
    return { log: log.mainLines, accepted: store.accepted.length, aborted: store.aborted };
  };
  const gone = await lines('', false);
  assert.deepEqual(gone, { log: ['SMTP connection lost after final dot H=(x) [192.0.2.25] P=esmtp'], accepted: 0, aborted: 1 });
  assert.equal((await lines('QUIT\r\n', false)).accepted, 1);
  assert.equal((await lines('', true)).accepted, 1);
});

test('control = queue is logged, and /first_pass_route routes nevertheless', async () => {
  const commands = ['HELO x', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', 'x: y\r\n\r\n.', 'QUIT'];
  for (const [options, wish] of [
    ['', 'queue'],
    ['/first_pass_route', 'queue-smtp'],
  ] as const) {
    const wishes: string[] = [];
    const queue = (frame: Frame): AclVerdict => {
      frame.transaction?.state.controls.set('queue', options);
      return { kind: 'accept' };
    };
    const onAccepted: NonNullable<SessionSetup['parts']>['onAccepted'] = ({ claim }, wished) => {
      wishes.push(wished);
      claim.release();
    };
    const setup = withMain({ acl_smtp_data: constantTemplate('queue') }, { queue });
    const peer = scriptedPeer(commands.map((command) => `${command}\r\n`));
    const { log } = await playSession(peer, { ...setup, parts: { onAccepted } });
    assert.deepEqual(wishes, [wish]);
    assert.equal(log.mainLines.at(-1), 'no immediate delivery: queued by ACL');
  }
});

test('an option for reception that is not built yet holds up messages', async () => {
  const setup = withMain({}, { rcpt: () => ({ kind: 'accept' }) });
  const peer = scriptedPeer(['HELO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'DATA\r\n', 'Subject: x\r\n\r\nx\r\n.\r\n']);
  const { written, log } = await playSession(peer, {
    ...setup,
    config: { ...setup.config, mainNotYet: new Map([['some_option', 'receive']]) },
  });
  assert.equal(written.split('\n').at(-3)?.slice(0, 3), '451');
  assert.deepEqual(log.panicLines, ['main option some_option is not built yet']);
});

test('smtp_connection: how a connection ends is told once', async () => {
  const drop = (): AclVerdict => ({ kind: 'fail', message: 'no', logMessage: undefined, isDrop: true });
  const setup = withMain({ acl_smtp_mail: constantTemplate('drop'), pipelining_connect_advertise_hosts: undefined }, { drop });
  const ends = async (commands: readonly string[], from: SessionSetup, isFromInetd = false) => {
    const log = new FakeLog({ selectors: ['smtp_connection', 'lost_incoming_connection'] });
    const rest = commands.map((command) => `${command}\r\n`);
    const waitsForGreeting: Parameters<typeof playSession>[0] = (reply) =>
      reply === '' && rest.length === commands.length ? '' : (rest.shift() ?? { ending: 'end' });
    await playSession(waitsForGreeting, { ...from, services: { log }, parts: { isFromInetd } });
    return log.mainLines.slice(1).map((line) => line.replace(/^.*\[192\.0\.2\.25\] ?/, ''));
  };
  assert.deepEqual(await ends(['HELO x', 'QUIT'], open), ['D=0s closed by QUIT']);
  assert.deepEqual(await ends(['HELO x', 'QUIT'], open, true), ['(via inetd) D=0s closed by QUIT']);
  assert.deepEqual(await ends(['HELO x'], open), ['lost D=0s']);
  assert.deepEqual(await ends(['HELO x', 'MAIL FROM:<a@b>'], open), ['D=0s']);
  assert.deepEqual(await ends(['HELO x', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', 'x: y'], open), [
    'lost while reading message data (after header)',
  ]);
  assert.deepEqual(await ends(['HELO x', 'MAIL FROM:<a@b>'], setup), ['rejected MAIL <a@b>', 'D=0s closed by DROP in ACL']);
  assert.deepEqual(await ends(['NOOP\r\nNOOP'], setup), ['next input="NOOP\\r\\n" (6 bytes)']);
});

test('the not-QUIT ACL knows the message that ended the connection', async () => {
  const ids: unknown[] = [];
  const drop = (): AclVerdict => ({ kind: 'fail', message: 'no', logMessage: undefined, isDrop: true });
  const note = (frame: Frame): AclVerdict => {
    ids.push([frame.transaction?.state.id, frame.session?.state.quitReason]);
    return { kind: 'accept' };
  };
  const setup = withMain({ acl_smtp_data: constantTemplate('drop'), acl_smtp_notquit: constantTemplate('note') }, { drop, note });
  const commands = ['EHLO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n', 'DATA\r\n', 'x: y\r\n.\r\n'];
  await playSession(scriptedPeer(commands), setup);
  assert.deepEqual(ids, [['1ABCDE-00000000001-0001', 'acl-drop']]);
});

test('connection lines: a MAIL that is refused is a MAIL; what is not known of a rehearsal is not told', async () => {
  const parts = { isRehearsal: true, hostAddress: '192.0.2.7', hostPort: undefined };
  const lines = async (commands: readonly string[]) => {
    const log = new FakeLog({ selectors: ['smtp_connection', 'smtp_no_mail', 'incoming_port', 'incoming_interface'] });
    const connection = new FakeConnection(scriptedPeer(commands.map((command) => `${command}\r\n`)), { localAddress: '' });
    await playSession(scriptedPeer([]), { ...open, services: { log }, parts: { ...parts, connection } });
    return log.mainLines.map((line) => line.replace(/ D=\S+/, ''));
  };
  assert.deepEqual(await lines(['HELO x', 'QUIT']), [
    'SMTP connection from [192.0.2.7]',
    'SMTP connection from (x) [192.0.2.7] closed by QUIT',
    'no MAIL in SMTP connection from (x) [192.0.2.7] C=HELO,QUIT',
  ]);
  assert.deepEqual(await lines(['MAIL FROM:<a@@b>', 'QUIT']), [
    'SMTP connection from [192.0.2.7]',
    'rejected MAIL from [192.0.2.7]: no HELO/EHLO given',
    'SMTP connection from [192.0.2.7] closed by QUIT',
  ]);
});

test('log selector pipelining: only what comes behind MAIL and RCPT counts', async () => {
  const [ehlo, mail, rcpt, data, text, quit] = [
    'EHLO x',
    'MAIL FROM:<a@b>',
    'RCPT TO:<c@d>',
    'DATA',
    'x: y\r\n\r\nx\r\n.',
    'QUIT',
  ] as const;
  const cases: readonly [pieces: readonly (readonly string[])[], field: string][] = [
    [[[ehlo], [mail], [rcpt], [data], [text], [quit]], 'L.-'],
    [[[ehlo, mail], [rcpt], [data], [text], [quit]], 'L.-'],
    [[[ehlo], ['NOOP', 'NOOP', mail], [rcpt], [data], [text], [quit]], 'L.-'],
    [[[ehlo], [mail, rcpt], [data], [text], [quit]], 'L.'],
    [[[ehlo], [mail], [rcpt, rcpt], [data], [text], [quit]], 'L.'],
    [[[ehlo], [mail], [rcpt, data], [text], [quit]], 'L.'],
    [[[ehlo], [mail], [rcpt, 'BDAT 6 LAST\r\nx: y\r\n'], [quit]], 'L.'],
    [[[ehlo], [mail], [rcpt], ['BDAT 6', 'x: y', 'BDAT 5 LAST\r\n\r\nx\r\n'], [quit]], 'L.-'],
  ];
  for (const [pieces, field] of cases) {
    const log = new FakeLog({ selectors: ['pipelining'] });
    const peer = scriptedPeer(pieces.map((lines) => `${lines.join('\r\n')}${lines.at(-1)?.startsWith('BDAT') ? '' : '\r\n'}`));
    await playSession(peer, { ...open, services: { log } });
    const arrival = log.mainLines.find((line) => line.startsWith('<=')) ?? '';
    assert.equal(/ P=esmtp (\S+) /.exec(arrival)?.[1], field, JSON.stringify([pieces, log.mainLines]));
  }
});

test('limits', async () => {
  assert.deepEqual((await replies(['A', 'B', 'C', 'D', 'E'])).slice(1), [
    '500 unrecognized command',
    '500 unrecognized command',
    '500 unrecognized command',
    '500 Too many unrecognized commands',
  ]);
  assert.deepEqual((await replies(['HELO', 'HELO', 'HELO', 'HELO', 'NOOP'])).slice(-2), [
    '501 Syntactically invalid HELO argument(s)',
    '501 Syntactically invalid HELO argument(s)',
  ]);
  assert.deepEqual((await replies(['RCPT TO:<>', 'RCPT TO:<>', 'RCPT TO:<>', 'RCPT TO:<>', 'NOOP'])).slice(-2), [
    '503-sender not yet given',
    '503 Too many syntax or protocol errors',
  ]);
  assert.deepEqual((await replies([`NOOP ${'x'.repeat(40_000)}`, 'NOOP'])).slice(1), [
    '500 unrecognized command',
    '500 unrecognized command',
    '500 unrecognized command',
    '250 OK',
  ]);
  const nonmail = await replies(Array.from({ length: 20 }, () => 'NOOP'));
  assert.equal(nonmail.filter((line) => line === '250 OK').length, 10);
  assert.equal(nonmail.at(-1), '554 Too many nonmail commands');
  const few = withMain({ recipients_max: constantTemplate('2'), smtp_accept_max_per_connection: constantTemplate('1') });
  assert.deepEqual(
    (await replies(['HELO x', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'RCPT TO:<a@c>', 'RCPT TO:<a@d>', 'RSET', 'MAIL FROM:<a@b>'], few)).slice(
      2,
    ),
    ['250 OK', '250 Accepted', '250 Accepted', '452 too many recipients', '250 Reset OK', '421 too many messages in this connection'],
  );
});

async function sendData(data: string, setup: SessionSetup): Promise<Awaited<ReturnType<typeof playSession>>> {
  return playSession(scriptedPeer(['HELO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'DATA\r\n', data, 'QUIT\r\n']), setup);
}

test('limits of messages', async () => {
  const cases: readonly (readonly [string, NonNullable<NonNullable<SessionSetup['config']>['main']>, string, string])[] = [
    [
      `Subject: x\r\n\r\n${'y'.repeat(200)}\r\n.\r\n`,
      { message_size_limit: constantTemplate('100') },
      '552 Message size exceeds maximum permitted',
      'rejected from <a@b> H=(x) [192.0.2.25]: message too big: read=213 max=100',
    ],
    [
      `X: ${'y'.repeat(1000)}\r\n\r\nx\r\n.\r\n`,
      { header_maxsize: 500 },
      '552 Message header is ridiculously long',
      'ridiculously long message header received from (x) [192.0.2.25] (more than 500 characters): message abandoned',
    ],
    [
      `X: ${'y'.repeat(300)}\r\n\r\nx\r\n.\r\n`,
      { header_line_maxsize: 200 },
      '552 A message header line is too long',
      'overlong message header line received from (x) [192.0.2.25] (more than 200 characters): message abandoned',
    ],
  ];
  for (const [data, main, reply, line] of cases) {
    const { written, log, store } = await sendData(data, withMain(main));
    assert.deepEqual(written.split('\n').slice(5, -1), [reply, '221 mail.test.example closing connection']);
    assert.deepEqual(log.rejectLines, line.startsWith('rejected') ? [line] : []);
    assert.ok(log.mainLines.includes(line), line);
    assert.equal(store.accepted.length, 0);
  }
});

test('a connection that is lost', async () => {
  const gone = await playSession(
    scriptedPeer(['HELO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'DATA\r\n', 'Subject: x\r\n\r\nbody']),
    open,
  );
  assert.deepEqual(gone.log.mainLines, ['SMTP connection from (x) [192.0.2.25] lost while reading message data']);
  assert.equal(gone.store.aborted, 1);
  const idle = await playSession(scriptedPeer(['HELO x\r\n', 'MAIL FROM:<a@b>\r\n']), open);
  assert.deepEqual(idle.log.mainLines, ['unexpected disconnection while reading SMTP command from (x) [192.0.2.25] D=0s']);
  for (const { written } of [idle, await playSession(scriptedPeer(['HELO x\r\n']), open)])
    assert.ok(written.endsWith(`\n${LOST}\n`), written);
  const silent = await playSession(() => ({ ending: 'timeout' }), open);
  assert.deepEqual(silent.log.mainLines, ['SMTP command timeout on connection from [192.0.2.25] D=0s']);
  assert.match(silent.written, /\n421 mail\.test\.example: SMTP command timeout - closing connection\n$/);
});

test('the daemon ends while the connect ACL runs: who is still there is told, who has gone is not', async () => {
  const play = (peer: Parameters<typeof playSession>[0]) => {
    let leave = () => {};
    const connectAcl = (): AclVerdict => {
      leave();
      return accept();
    };
    const setup = withMain({ acl_smtp_connect: constantTemplate('c') }, { c: connectAcl });
    return playSession(peer, { ...setup, onMade: (session) => (leave = () => session.leave()) });
  };
  const present = await play(() => ({ ending: 'timeout' }));
  assert.match(present.written, /\n421 mail\.test\.example: Service not available - closing connection\n$/);
  assert.deepEqual(present.log.mainLines, ['SMTP connection from [192.0.2.25] closed after SIGTERM']);
  const gone = await play(() => ({ ending: 'end' }));
  assert.doesNotMatch(gone.written, /Service not available/);
  assert.deepEqual(gone.log.mainLines, []);
});

test('QUIT between chunks leaves a message behind, RSET does not', async () => {
  const begun = ['EHLO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n', 'BDAT 14\r\nSubject: x\r\n\r\n'];
  const lines = async (commands: readonly string[]) => (await playSession(scriptedPeer([...begun, ...commands]), open)).log.mainLines;
  const lost = ['SMTP connection from (x) [192.0.2.25] lost while reading message data'];
  assert.deepEqual(await lines(['QUIT\r\n']), lost);
  assert.deepEqual(await lines(['MAIL FROM:<a@b>\r\n', 'QUIT\r\n']), lost);
  assert.deepEqual(await lines(['RSET\r\n', 'QUIT\r\n']), []);
});

test('chunks: a header that another line than a blank one ends counts it; what is shown of a header with bare line ends', async () => {
  const begun = ['EHLO x\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<a@b>\r\n'];
  const play = (chunk: string) => playSession(scriptedPeer([...begun, `BDAT ${chunk.length} LAST\r\n${chunk}`]), open);
  assert.match((await play('a: b\r\nZZ\r\n')).written, /\n250- 10 byte chunk, total 11\n/);
  assert.match((await play('a: b\r\n\r\nZZ\r\n')).written, /\n250- 12 byte chunk, total 12\n/);
  const { log, written } = await play('To: c@d\r\nX: y\r\n z\nSubject: x\r\n\r\nZZ\r\n');
  assert.match(written, /\n552 Message header not CRLF terminated\n/);
  assert.deepEqual(log.lines.findLast((line) => line.log === 'reject')?.headers.slice(2), ['  To: c@d\n', '  X: y\n z\n']);
});

test('chunks (BDAT)', async () => {
  const { written, store } = await playSession(
    scriptedPeer([
      'EHLO x\r\n',
      'MAIL FROM:<a@b>\r\n',
      'RCPT TO:<a@b>\r\n',
      'BDAT 14\r\nSubject: x\r\n\r\n',
      'BDAT 5 LAST\r\n.\r\nab',
      'QUIT\r\n',
    ]),
    open,
  );
  assert.deepEqual(written.split('\n').slice(-5, -1), [
    '250 14 byte chunk received',
    '250- 5 byte chunk, total 21',
    '250 OK id=1ABCDE-00000000001-0001',
    '221 mail.test.example closing connection',
  ]);
  assert.match(messageText(store.accepted[0] ?? assert.fail()), /Subject: x\n\n\.\nab\n$/);
});

test('host_reject_connection and the connect ACL', async () => {
  const refused = await playSession(
    scriptedPeer([]),
    withMain({ host_reject_connection: { kind: 'host', template: constantTemplate('192.0.2.25') } }),
  );
  assert.equal(refused.written, '554 SMTP service not available\n');
  assert.deepEqual(refused.log.rejectLines, ['refused connection from [192.0.2.25] (host_reject_connection)']);
  const dropped = await playSession(
    scriptedPeer([]),
    withMain(
      { acl_smtp_connect: constantTemplate('c') },
      { c: () => ({ kind: 'fail', message: 'go away', logMessage: 'bad', isDrop: false }) },
    ),
  );
  assert.equal(dropped.written, '550 go away\n');
  assert.deepEqual(dropped.log.rejectLines, ['H=[192.0.2.25] rejected connection in "connect" ACL: bad']);
});

test('any octets end in replies, never in an exception', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'EHLO x\r\n',
      'MAIL FROM:<a@b>\r\n',
      'RCPT TO:<a@b>\r\n',
      'DATA\r\n',
      '.\r\n',
      'BDAT 3\r\n',
      'BDAT 0 LAST\r\n',
      'RSET\r\n',
      'QUIT',
      '\r',
      '\n',
      '\0',
      'AUTH PLAIN\n',
      `${'z'.repeat(20_000)}`,
    ),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const { log, written } = await playSession(scriptedPeer(['EHLO x\r\n', ...pieces]), open);
      assert.deepEqual(log.panicLines, []);
      for (const line of written.split('\n').slice(0, -1)) assert.match(line, /^[2-5][0-9][0-9][ -]/);
    }),
    { numRuns: 200 },
  );
});

test('a million recipients are refused at the limit, with bounded memory', async () => {
  let sent = 0;
  const group = 'RCPT TO:<a@b.example>\r\n'.repeat(1000);
  const { written } = await playSession(
    (reply) => {
      if (reply.startsWith('220')) return 'EHLO x\r\n';
      if (reply.startsWith('250-')) return 'MAIL FROM:<a@b>\r\n';
      return sent++ < 100 ? group : { ending: 'end' };
    },
    withMain({ recipients_max: constantTemplate('10') }),
  );
  assert.equal(written.split('\n').filter((line) => line === '250 Accepted').length, 10);
  assert.equal(written.split('\n').filter((line) => line === '452 too many recipients').length, 99_990);
});

test('a message with SMTPUTF8 has it in its protocol, the next one has not', async () => {
  const message = (mail: string) => [`${mail}\r\n`, 'RCPT TO:<c@d>\r\n', 'DATA\r\n', 'Subject: x\r\n\r\nx\r\n.\r\n'];
  const { store } = await playSession(
    scriptedPeer(['EHLO c\r\n', ...message('MAIL FROM:<\xc3\xa9@b> SMTPUTF8'), ...message('MAIL FROM:<a@b>'), 'QUIT\r\n']),
    open,
  );
  assert.deepEqual(
    store.accepted.map(({ origin, isUtf8 }) => [origin.protocol, isUtf8]),
    [
      ['utf8esmtp', true],
      ['esmtp', false],
    ],
  );
});

test('who waits for TLS is refused without a word', async () => {
  const setup = withMain(
    { acl_smtp_connect: constantTemplate('connect') },
    { connect: () => ({ kind: 'fail', message: 'no', logMessage: undefined, isDrop: false }) },
  );
  const { written, log } = await playSession(scriptedPeer([]), { ...setup, parts: { isTlsOnConnect: true } });
  assert.equal(written, '');
  assert.ok(log.rejectLines.some((line) => line.includes('rejected connection in "connect" ACL')));
});

test('what comes encrypted before the greeting is read after it', async () => {
  const tls = {
    cipher: 'TLS1.3:TLS_AES_256_GCM_SHA384:256',
    cipherStandardName: 'TLS_AES_256_GCM_SHA384',
    version: 'TLS1.3',
    bits: 256,
    peerDn: '',
    sni: '',
    certificateVerified: false,
    resumption: 0,
  };
  const setup = withMain({ pipelining_connect_advertise_hosts: undefined, tls_certificate: constantTemplate('/c.pem') });
  const { written } = await playSession(scriptedPeer(['QUIT\r\n']), { ...setup, tls, parts: { isTlsOnConnect: true } });
  assert.match(written, /^220 .*\n221 .*\n$/);
});

test('a certificate that cannot be used: 454, and the session goes on in the clear', async () => {
  const { written, log, store } = await playSession(
    scriptedPeer(['EHLO x\r\n', 'STARTTLS\r\n', 'MAIL FROM:<a@b>\r\n', 'RCPT TO:<c@d>\r\n', 'DATA\r\n', 'x: y\r\n.\r\n', 'QUIT\r\n']),
    { ...withMain({ tls_advertise_hosts: { kind: 'host', template: constantTemplate('*') } }), tlsProblem: '(cause file=/c.pem): why' },
  );
  assert.match(written, /\n454 TLS currently unavailable\n250 OK\n/);
  assert.doesNotMatch(written, /^220 TLS/m);
  assert.equal(log.mainLines[0], 'TLS error on connection from (x) [192.0.2.25] (cause file=/c.pem): why');
  assert.equal(store.accepted.length, 1);
});
