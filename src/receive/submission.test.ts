import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AclVerdict, Caller, Config, Message, Services } from '../core/index.ts';
import { FakeClock } from '../system/fakes/clock.ts';
import { FakeLog } from '../system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig } from '../system/fakes/services.ts';
import { MemoryStore, messageText, plainLists, scriptedAcls, testCaller } from './fakes.ts';
import type { SubmissionRequest } from './submission.ts';
import { submitMessage } from './submission.ts';

const root: Caller = { ...testCaller, uid: 0, gid: 0, login: 'root', fullName: 'root', isTrusted: true, isAdmin: true };
const date = 'Thu, 01 Jan 2026 00:00:00 +0000';

interface Submitted {
  readonly status: number;
  readonly accepted: readonly Message[];
  readonly stderr: string;
  readonly log: FakeLog;
  readonly wishes: readonly string[];
}

async function submit(
  text: string,
  request: Partial<SubmissionRequest> = {},
  main: Partial<Config['main']> = {},
  acls: Record<string, () => AclVerdict> = {},
  services: Partial<Services> = {},
): Promise<Submitted> {
  const store = new MemoryStore();
  const log = new FakeLog();
  let stderr = '';
  const wishes: string[] = [];
  const status = await submitMessage({
    config: testConfig({
      main: {
        qualify_domain: 'test.ex',
        qualify_recipient: 'rcpt.ex',
        primary_hostname: 'myhost.test.ex',
        received_header_text: constantTemplate('Received: r'),
        ...main,
      },
    }),
    services: fakeServices({ log, lists: plainLists, acls: scriptedAcls(acls), ...services }),
    store,
    caller: root,
    signal: new AbortController().signal,
    sender: undefined,
    recipients: [],
    takesRecipientsFromHeaders: false,
    isDotNotEnd: false,
    errors: 'print',
    input: (async function* () {
      yield Buffer.from(text, 'latin1');
    })(),
    writeError: (line) => {
      stderr += line;
    },
    onAccepted: (accepted, wish) => {
      wishes.push(wish);
      accepted.claim.release();
    },
    deliveryMode: 'background',
    ...request,
  });
  return { status, accepted: store.accepted, stderr, log, wishes };
}

/** The header lines that are not deleted, without Received: and with dates masked. */
function headersOf(message: Message | undefined): string[] {
  assert.ok(message);
  return message.headers
    .filter((header) => header.type !== '*' && header.type !== 'P')
    .map((header) => header.text.trimEnd().replace(/Date: .*/, 'Date: D'));
}

const id = '1ABCDE-00000000001-0001';
const made = `Message-Id: <E${id}@myhost.test.ex>`;

test('a message to the recipients of the command line', async () => {
  const { status, accepted, wishes } = await submit('Subject: x\n\nbody\n.\nignored\n', { recipients: ['a', 'b@c, "x y"@z'] });
  assert.equal(status, 0);
  assert.deepEqual(wishes, ['background']);
  const message = accepted[0];
  assert.ok(message);
  assert.equal(message.sender, 'root@test.ex');
  assert.deepEqual(
    message.recipients.map((recipient) => recipient.address),
    ['a@rcpt.ex', 'b@c', '"x y"@z'],
  );
  assert.match(messageText(message), /\n\nbody\n$/);
  assert.deepEqual(headersOf(message), ['Subject: x', made, 'From: root <root@test.ex>', 'Date: D']);
  assert.deepEqual(
    [
      message.origin.protocol,
      message.origin.ident,
      message.origin.isLocal,
      message.origin.authenticatedId,
      message.origin.authenticatedSender,
    ],
    ['local', 'root', true, 'root', 'root@test.ex'],
  );
});

test('a lone dot ends the message unless -i is given', async () => {
  const { accepted } = await submit('\nx\n.\ny\n..z\n', { recipients: ['a@b'], isDotNotEnd: true });
  assert.match(messageText(accepted[0] ?? assert.fail()), /\n\nx\n\.\ny\n\.\.z\n$/);
});

test('-t takes recipients from the header, removes Bcc and leaves out arguments', async () => {
  const text = 'To: u1, u2@x\nCc: (x) "q r"@z, no@where\nBcc: b@c\nFrom: root\n\nx\n';
  const { accepted } = await submit(text, { takesRecipientsFromHeaders: true, recipients: ['no@where', 'B@c'] });
  assert.deepEqual(
    accepted[0]?.recipients.map((recipient) => recipient.address),
    ['u1@rcpt.ex', 'u2@x', '"q r"@z', 'b@c'],
  );
  assert.deepEqual(headersOf(accepted[0]), [
    'To: u1@rcpt.ex, u2@x',
    'Cc: (x) "q r"@z, no@where',
    'From: root <root@test.ex>',
    made,
    'Date: D',
  ]);
  assert.ok(accepted[0]?.headers.some((header) => header.type === '*' && header.text === 'Bcc: b@c\n'));
  assert.deepEqual([...(accepted[0]?.nonRecipients ?? [])], ['B@c', 'no@where']);
  const added = await submit(
    'To: a@b\n\nx\n',
    { takesRecipientsFromHeaders: true, recipients: ['c@d'] },
    { extract_addresses_remove_arguments: false },
  );
  assert.deepEqual(
    added.accepted[0]?.recipients.map((recipient) => recipient.address),
    ['c@d', 'a@b'],
  );
});

test('-t: a fold within a quoted string is no part of the address', async () => {
  const { accepted } = await submit('To: "a\n  b"@c, (x\n y) "q\n r"@z\n\n', { takesRecipientsFromHeaders: true });
  assert.deepEqual(
    accepted[0]?.recipients.map(({ address }) => address),
    ['"a  b"@c', '"q r"@z'],
  );
});

test('a login that is no local part is quoted', async () => {
  const { accepted } = await submit('Subject: x\n\n', { recipients: ['a@b'], caller: { ...root, login: 'spaced user', fullName: 'S U' } });
  assert.equal(accepted[0]?.sender, '"spaced user"@test.ex');
  assert.equal(accepted[0]?.origin.authenticatedSender, 'spaced user@test.ex');
  assert.ok(headersOf(accepted[0]).includes('From: S U <"spaced user"@test.ex>'), headersOf(accepted[0]).join());
});

test('Resent- lines count when there are some', async () => {
  const { accepted } = await submit('From: a@b\nTo: x@y\nBcc: k@l\nResent-To: r@s\nResent-Bcc: t@u\n\nx\n', {
    takesRecipientsFromHeaders: true,
  });
  assert.deepEqual(
    accepted[0]?.recipients.map((recipient) => recipient.address),
    ['r@s', 't@u'],
  );
  assert.deepEqual(headersOf(accepted[0]), [
    'Resent-Date: D',
    `Resent-${made}`,
    'From: a@b',
    'To: x@y',
    'Bcc: k@l',
    'Resent-To: r@s',
    'Resent-From: root <root@test.ex>',
  ]);
});

test('who may choose the sender', async () => {
  const sender = async (caller: Caller, given: string, main: Partial<Config['main']> = {}) => {
    const { accepted, stderr } = await submit('From: f@g\n\nx\n', { caller, sender: given, recipients: ['a@b'] }, main);
    return accepted[0]?.sender ?? stderr;
  };
  assert.equal(await sender(root, 'x@y'), 'x@y');
  assert.equal(await sender(root, 'x'), 'x@test.ex');
  assert.equal(await sender(root, ''), '');
  assert.equal(await sender(root, 'x@'), 'exim: bad -f address "x@": domain missing or malformed\n');
  assert.equal(await sender(testCaller, 'x@y'), 'caller@test.ex');
  assert.equal(await sender(testCaller, ''), '');
  assert.equal(await sender(testCaller, 'x@y', { untrusted_set_sender: { kind: 'address', template: constantTemplate('*') } }), 'x@y');
});

test('the From line of trusted callers', async () => {
  const text = 'From x@y.z Fri Jan  5 12:55 GMT 1997\nSubject: q\n\nfoo\n';
  const main = {
    uucp_from_pattern: '^From\\s+(\\S+)\\s',
    uucp_from_sender: {
      ...constantTemplate('$1'),
      constant: undefined,
      evaluate: (frame: { captures: readonly { octets: string; taint: readonly never[] }[] }) => ({ kind: 'ok', value: frame.captures[1] }),
    } as never,
  };
  assert.equal((await submit(text, { recipients: ['a@b'] }, main)).accepted[0]?.sender, 'x@y.z');
  assert.equal((await submit(text, { recipients: ['a@b'], caller: testCaller }, main)).accepted[0]?.sender, 'caller@test.ex');
  assert.equal((await submit(text, { recipients: ['a@b'], sender: 'f@g' }, main)).accepted[0]?.sender, 'f@g');
  assert.deepEqual(headersOf((await submit(text, { recipients: ['a@b'] }, main)).accepted[0])[0], 'Subject: q');
});

test('Sender: of untrusted callers', async () => {
  const cases: readonly (readonly [string, Partial<Config['main']>, readonly string[]])[] = [
    ['From: caller@test.ex\nSender: x@y\n\n', {}, ['From: caller@test.ex', made, 'Date: D']],
    ['From: other@x\n\n', {}, ['From: other@x', made, 'Sender: A Caller <caller@test.ex>', 'Date: D']],
    ['From: other@x\n\n', { local_from_check: false }, ['From: other@x', made, 'Date: D']],
    ['From: a-caller=b@test.ex\n\n', { local_from_prefix: '*-', local_from_suffix: '=*' }, ['From: a-caller=b@test.ex', made, 'Date: D']],
    [
      'From: a-caller-b@test.ex\n\n', // the longest prefix goes
      { local_from_prefix: '*-', local_from_suffix: '-*' },
      ['From: a-caller-b@test.ex', made, 'Sender: A Caller <caller@test.ex>', 'Date: D'],
    ],
    ['From: p+caller@test.ex\n\n', { local_from_prefix: 'p+ : *-' }, ['From: p+caller@test.ex', made, 'Date: D']],
    [
      'From: other@x\nSender: x@y\n\n',
      { local_from_check: false, local_sender_retain: true },
      ['From: other@x', 'Sender: x@y', made, 'Date: D'],
    ],
    ['From: caller\n\n', {}, ['From: A Caller <caller@test.ex>', made, 'Date: D']],
    [
      'Return-path: <x@y>\nEnvelope-to: a\nDelivery-date: d\nDate: d\nMessage-ID: <i>\n\n',
      {},
      ['Date: D', 'Message-ID: <i>', 'From: A Caller <caller@test.ex>'],
    ],
  ];
  for (const [text, main, expected] of cases)
    assert.deepEqual(headersOf((await submit(text, { caller: testCaller, recipients: ['a@b'] }, main)).accepted[0]), expected, text);
});

test('names are quoted or encoded where they must be', async () => {
  const from = async (fullName: string) =>
    headersOf((await submit('\nx\n', { commandLine: { fullName }, recipients: ['a@b'] }, { headers_charset: 'UTF-8' })).accepted[0])[1];
  assert.equal(await from('J. Doe'), 'From: "J. Doe" <root@test.ex>');
  assert.equal(await from('A "B. C" D. (E) \\"F'), 'From: A "B. C" "D. (E) \\"F" <root@test.ex>');
  assert.equal(await from('A (B) "C'), 'From: A (B) "C" <root@test.ex>');
  assert.equal(await from('J\xc3\xb6rg'), 'From: =?UTF-8?Q?J=C3=B6rg?= <root@test.ex>');
  assert.equal(await from('a\tb'), 'From: a\tb <root@test.ex>');
  assert.equal(await from('a\n\nX-Made: up\n'), 'From: =?UTF-8?Q?a=0A=0AX-Made=3A_up=0A?= <root@test.ex>');
  for (const char of ['\x01', '\n', '\v', '\f', '\r', '\x7f'])
    assert.equal(await from(`a${char}b`), `From: =?UTF-8?Q?a=${Buffer.from(char).toString('hex').toUpperCase()}b?= <root@test.ex>`);
});

test('a trusted caller who names a sender names its person by -F', async () => {
  const from = async (fullName: string | undefined) =>
    headersOf(
      (await submit('Subject: x\n\nx\n', { caller: root, sender: 'jc@rome', commandLine: { fullName }, recipients: ['a@b'] })).accepted[0],
    ).find((line) => line.startsWith('From:'));
  assert.equal(await from(undefined), 'From: jc@rome');
  assert.equal(await from('Julius Caesar'), 'From: Julius Caesar <jc@rome>');
});

test('errors on stderr', async () => {
  const cases: readonly (readonly [string, Partial<SubmissionRequest>, string])[] = [
    ['Subject: x\n\n', { recipients: ['a@b@c'] }, 'exim: bad recipient address "a@b@c": malformed address: @c may not follow a@b\n'],
    ['Subject: x\n\n', { takesRecipientsFromHeaders: true }, 'exim: no recipients in message\n'],
    ['To: e@f\n\n', { takesRecipientsFromHeaders: true, recipients: ['e@f'] }, 'exim: all -t recipients overridden by command line\n'],
    [
      'To: a b, e@f\n\n',
      { takesRecipientsFromHeaders: true },
      'exim: invalid address:  a b, e@f: missing or malformed local part (expected word or "<")\n',
    ],
    [
      'To: a b, c d\n\n',
      { takesRecipientsFromHeaders: true },
      'exim: invalid addresses:\n  a b, c d: missing or malformed local part (expected word or "<")\n  c d: missing or malformed local part (expected word or "<")\n',
    ],
  ];
  for (const [text, request, expected] of cases) {
    const { status, stderr, accepted } = await submit(text, request);
    assert.deepEqual([status, stderr, accepted.length], [1, expected, 0], text);
  }
  const big = await submit(`X: x\n\n${'y'.repeat(300)}\n`, { recipients: ['a@b'] }, { message_size_limit: constantTemplate('100') });
  assert.equal(big.stderr, 'exim: message rejected: message too big (max=100)\n');
  assert.deepEqual(big.log.rejectLines, ['rejected from <root@test.ex> U=root: message too big: read=101 max=100']);
  const denied = await submit(
    'X: x\n\n',
    { recipients: ['a@b'] },
    { acl_not_smtp: constantTemplate('no') },
    { no: () => ({ kind: 'fail', message: 'content rejected', logMessage: 'content rejected', isDrop: false }) },
  );
  assert.equal(denied.stderr, 'exim: message rejected by non-SMTP ACL: content rejected\n');
  assert.deepEqual(denied.log.rejectLines, ['F=<root@test.ex> rejected by non-SMTP ACL: content rejected']);
});

test('more recipients than recipients_max', async () => {
  const main = { recipients_max: constantTemplate('2') };
  const outcome = async (text: string, request: Partial<SubmissionRequest>) => {
    const { status, stderr, accepted } = await submit(text, request, main);
    return [status, stderr, accepted.map((message) => message.recipients.length)];
  };
  const three = 'To: a, b, c\n\nbody\n';
  assert.deepEqual(await outcome(three, { recipients: ['a', 'b'] }), [0, '', [2]]);
  assert.deepEqual(await outcome(three, { recipients: ['a', 'b, c'] }), [1, 'exim: too many recipients\n', []]);
  assert.deepEqual(await outcome(three, { takesRecipientsFromHeaders: true }), [1, 'exim: message rejected: too many recipients\n', []]);
  const { status, accepted } = await submit(three, { recipients: ['a', 'b', 'c'], errors: 'mail' }, main);
  assert.deepEqual([status, accepted[0]?.sender, accepted[0]?.recipients], [1, '', [{ address: 'root@test.ex' }]]);
  assert.match(
    accepted[0] === undefined ? '' : messageText(accepted[0]),
    /\nSubject: Mail failure - too many recipients\n[^]*\n\nA message that you sent contained more recipients than allowed on this\nsystem\. It was not delivered to any recipients\.\n\n-+ This is a copy of your message, including all the headers\. -+\n\n\nTo: a, b, c\n\nbody\n$/,
  );
});

test('the log has the recipients as they were given', async () => {
  const log = new FakeLog({ selectors: ['received_recipients'] });
  await submit('Subject: x\n\n', { recipients: ['a', 'b@c'] }, {}, {}, { log });
  await submit('To: d, e@f\n\n', { takesRecipientsFromHeaders: true }, {}, {}, { log });
  assert.deepEqual(
    log.mainLines.map((line) => line.replace(/.* for /, '')),
    ['a b@c', 'd e@f'],
  );
});

test('errors by mail', async () => {
  const bad = await submit('Subject: x\n\nbody\n', { recipients: ['a@b@c', 'ok@x'], errors: 'mail' });
  assert.equal(bad.status, 1);
  const report = bad.accepted[0];
  assert.ok(report);
  assert.equal(report.sender, '');
  assert.deepEqual(report.recipients, [{ address: 'root@test.ex' }]);
  assert.match(messageText(report), /\nSubject: Mail failure - malformed recipient address\n/);
  assert.match(
    messageText(report),
    /\n {2}a@b@c {2}malformed address: @c may not follow a@b\n\nThe message has not been delivered to any recipients\.\n\n-+ This is a copy of your message, including all the headers\. -+\n\n\nSubject: x\n\nbody\n$/,
  );
  assert.equal((await submit('Subject: x\n\n', { takesRecipientsFromHeaders: true, errors: 'mail-exit-0' })).status, 0);
  const partly = await submit('To: a b, e@f\n\nx\n', { takesRecipientsFromHeaders: true, errors: 'mail' });
  assert.equal(partly.status, 0);
  assert.deepEqual(
    partly.accepted.map((message) => message.recipients.map((recipient) => recipient.address).join()),
    ['root@test.ex', 'e@f'],
  );
  const unknown = await submit('Subject: x\n\n', { takesRecipientsFromHeaders: true, errors: 'mail', sender: '' });
  assert.deepEqual([unknown.status, unknown.accepted.length], [2, 0]);
  assert.ok(unknown.log.mainLines.some((line) => line.startsWith('Error while reading message with no usable sender address: ')));
});

test('control = submission', async () => {
  const { fixHeaders, parseSubmission } = await import('./fixups.ts');
  const { makeHeader } = await import('../message/header.ts');
  const fix = (options: string, lines: readonly string[], sender: string) => {
    const fixed = fixHeaders(
      lines.map((line) => makeHeader(line)),
      {
        isLocal: false,
        isCommandLine: false,
        isTrusted: false,
        submission: parseSubmission(options),
        isSuppressed: false,
        removesBcc: false,
        sender,
        isOwnSender: false,
        isSenderSetUntrusted: false,
        login: 'exim',
        fullName: '',
        authenticatedId: 'bigegg',
        messageId: '<i>',
        date,
        settings: {
          qualifyDomain: 'q.ex',
          removesReturnPath: true,
          removesEnvelopeTo: true,
          removesDeliveryDate: true,
          retainsSender: false,
          checksFrom: true,
          fromPrefix: undefined,
          fromSuffix: undefined,
          charset: '',
        },
      },
    );
    return [...fixed.headers.filter((header) => header.type !== '*').map((header) => header.text.trimEnd()), fixed.sender];
  };
  const tail = ['Message-Id: <i>'];
  assert.deepEqual(fix('', ['From: x@y', 'Sender: s@t'], 'x@y'), [
    'From: x@y',
    ...tail,
    'Sender: bigegg@q.ex',
    `Date: ${date}`,
    'bigegg@q.ex',
  ]);
  assert.deepEqual(fix('/domain=w.ex/name=Humpty Dumpty', ['From: x@y'], 'x@y'), [
    'From: x@y',
    ...tail,
    'Sender: Humpty Dumpty <bigegg@w.ex>',
    `Date: ${date}`,
    'bigegg@w.ex',
  ]);
  assert.deepEqual(fix('/domain=', ['From: bigegg'], 'x@y').slice(0, 1), ['From: bigegg']);
  assert.deepEqual(fix('/sender_retain', ['From: x@y', 'Sender: s@t'], 'x@y'), [
    'From: x@y',
    'Sender: s@t',
    ...tail,
    `Date: ${date}`,
    'x@y',
  ]);
  assert.deepEqual(fix('', [], ''), [...tail, 'From: bigegg@q.ex', `Date: ${date}`, '']);
});

test('input that takes longer than -or or receive_timeout is given up', async () => {
  const never = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<Uint8Array>>(() => {}) }),
  };
  for (const [request, main] of [
    [{ receiveTimeoutSeconds: 5 }, { receive_timeout: 0 }],
    [{}, { receive_timeout: 5 }],
  ] as const) {
    const clock = new FakeClock();
    const submitted = submit('', { input: never, recipients: ['x@y'], ...request }, main, {}, { clock });
    while (clock.sleeping === 0) await Promise.resolve();
    await clock.advance(5000);
    const { status, stderr, accepted, log } = await submitted;
    assert.deepEqual([status, stderr, accepted.length], [1, 'exim: timed out while reading - message abandoned\n', 0]);
    assert.match(log.mainLines.join('\n'), /timed out while reading local message/);
  }
});

test('input that is broken off is no message', async () => {
  for (const text of ['Subject: x\n', 'Subject: x\n\nhalf\n']) {
    const { status, stderr, accepted, log } = await submit(text, {
      recipients: ['a@b'],
      input: (async function* () {
        yield Buffer.from(text);
        throw new Error('SIGTERM received');
      })(),
    });
    assert.deepEqual([status, stderr, accepted.length], [1, 'exim: SIGTERM received - message abandoned\n', 0]);
    assert.deepEqual(log.mainLines, ['SIGTERM received while reading local message']);
  }
});
