/** nodemailer as client: in the clear and under TLS, authentication, DSN, SMTPUTF8, attachments, many messages on one connection, a large message. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { Site, USER, waitForMails } from './site.ts';

const site = await Site.forTests('nodemailer', { message_size_limit: '40M', smtp_accept_queue_per_connection: 0 });
const BOX = 'box@site.test';
const CLIENT = 'H=(nodemailer.test) [127.0.0.1]:port I=[127.0.0.1]:port';
const LARGE_BYTES = 20 << 20;

type Options = Readonly<Record<string, unknown>>;

function open(options: Options = {}): ReturnType<typeof createTransport> {
  const where = { host: '127.0.0.1', port: site.port, name: 'nodemailer.test', tls: { rejectUnauthorized: false } };
  return createTransport({ ...where, ignoreTLS: true, ...options });
}

/** Sends one message; its line and id. */
async function send(message: Options, options: Options = {}): Promise<{ readonly id: string; readonly line: string }> {
  const transport = open(options);
  try {
    const sent = await transport.sendMail({ to: BOX, subject: 'x', text: 'x', ...message });
    assert.match(sent.response, /^250 OK id=/);
    const id = sent.response.slice('250 OK id='.length);
    const { line, id: logged } = await site.arrival(sent.envelope.from === '' ? '<>' : String(sent.envelope.from));
    assert.equal(logged, id);
    return { id, line };
  } finally {
    transport.close();
  }
}

function expected(from: string, fields: string, to = BOX): string {
  return `<= ${from} ${CLIENT} P=${fields} S=n M8S=0 id=x from <${from}> for ${to}`;
}

test('nodemailer: in the clear', async () => {
  const from = 'plain@nodemailer.test';
  const raw = Buffer.from('Subject: raw\r\n\r\ncaf\xe9\r\n.\r\n..\r\n.x\r\n', 'latin1');
  const { id, line } = await send({ envelope: { from, to: BOX }, raw });
  assert.equal(line, `<= ${from} ${CLIENT} P=esmtp L. S=n M8S=0 from <${from}> for ${BOX}`);
  const text = await site.delivered(id);
  assert.match(text, /^Envelope-to: box@site\.test\n/m);
  assert.ok(text.endsWith('\nSubject: raw\n\ncaf\xe9\n.\n..\n.x\n'), text);
});

test('nodemailer: STARTTLS, TLS on connect', async () => {
  for (const [from, options] of [
    ['starttls@nodemailer.test', { ignoreTLS: false, requireTLS: true }],
    ['tls@nodemailer.test', { secure: true, port: site.securePort }],
  ] as const) {
    const { line } = await send({ from }, options);
    assert.equal(line, expected(from, 'esmtps L. X=TLS1.3'));
  }
});

for (const [method, name] of [
  ['PLAIN', 'plain'],
  ['LOGIN', 'login'],
  ['CRAM-MD5', 'cram'],
] as const) {
  test(`nodemailer: AUTH ${method}`, async () => {
    const from = `auth.${name}@nodemailer.test`;
    const { line } = await send({ from }, { auth: USER, authMethod: method });
    assert.equal(line, expected(from, `esmtpa L. A=${name}:${USER.user}`));
    const wrong = open({ auth: { user: USER.user, pass: 'wrong' }, authMethod: method });
    const refusal = await wrong.verify().then(
      () => undefined,
      (error: unknown) => error,
    );
    wrong.close();
    assert.ok(refusal instanceof Error && /535 Incorrect authentication data/.test(refusal.message), String(refusal));
  });
}

test('nodemailer: DSN options', async () => {
  const from = 'dsn@nodemailer.test';
  const dsn = { id: 'some+id=1', return: 'headers', notify: ['success', 'delay'], recipient: 'first@site.test' };
  const { id, line } = await send({ from, to: ['hold@site.test', 'two@site.test'], dsn });
  assert.equal(line, expected(from, 'esmtp L.', 'hold@site.test two@site.test'));
  const { envelope, recipients } = site.spooled(id);
  assert.match(envelope, /^-dsn_envid some\+2Bid\+3D1$/m);
  assert.match(envelope, /^-dsn_ret 2$/m);
  // ORCPT, its length, NOTIFY=SUCCESS,DELAY
  assert.deepEqual(recipients, [
    'hold@site.test rfc822;first@site.test 22,20  0,-1#3',
    'two@site.test rfc822;first@site.test 22,20  0,-1#3',
  ]);
});

test('nodemailer: never a report, the whole message', async () => {
  const { id } = await send({ from: 'never@nodemailer.test', to: 'hold@site.test', dsn: { return: 'full', notify: 'never' } });
  const { envelope, recipients } = site.spooled(id);
  assert.match(envelope, /^-dsn_ret 1$/m);
  assert.deepEqual(recipients, ['hold@site.test  0,2  0,-1#3']);
});

test('nodemailer: SMTPUTF8', async () => {
  const from = 'andr\u00e9@nodemailer.test';
  const transport = open();
  const sent = await transport.sendMail({ from, to: 'hold@site.test, b\u00f6x@site.test', subject: '\u00e4', text: 'x' });
  transport.close();
  const id = sent.response.slice('250 OK id='.length);
  const octets = (text: string) => Buffer.from(text).toString('latin1');
  const { line } = await site.arrival(octets(from));
  assert.equal(
    line,
    `<= ${octets(from)} ${CLIENT} P=utf8esmtp L. S=n M8S=0 id=x from <${octets(from)}> for hold@site.test ${octets('b\u00f6x@site.test')}`,
  );
  const { envelope } = site.spooled(id);
  assert.match(envelope, /^-smtputf8$/m);
});

test('nodemailer: attachments', async () => {
  const octets = randomBytes(100_000);
  const attachments = [
    { filename: 'octets.bin', content: octets },
    { filename: 'caf\u00e9.txt', content: 'words\n.\n' },
  ];
  const { id } = await send({ from: 'attach@nodemailer.test', attachments });
  const text = await site.delivered(id);
  const encoded = /name=octets\.bin[^]*?\n\n([A-Za-z0-9+/=\n]+)\n/.exec(text)?.[1] ?? '';
  assert.deepEqual(Buffer.from(encoded, 'base64'), octets);
  assert.match(text, /caf%C3%A9\.txt/);
  assert.ok(text.includes(`\n\n${Buffer.from('words\n.\n').toString('base64')}\n--`));
});

test('nodemailer: 100 messages on one connection of a pool', async () => {
  const count = 100;
  const before = site.mailCount();
  const transport = open({ pool: true, maxConnections: 1, maxMessages: Number.POSITIVE_INFINITY });
  await Promise.all(
    Array.from({ length: count }, (_, number) =>
      transport.sendMail({ from: 'pool@nodemailer.test', to: BOX, subject: `pooled ${number}`, text: `number ${number}` }),
    ),
  );
  transport.close();
  const subjects = (await waitForMails(site, before + count)).flatMap((text) => /^Subject: (pooled \d+)$/m.exec(text)?.[1] ?? []);
  assert.deepEqual(new Set(subjects), new Set(Array.from({ length: count }, (_, number) => `pooled ${number}`)));
  assert.equal(subjects.length, count);
  const ports = [...site.server.log().matchAll(/<= pool@nodemailer\.test \S+ \S+\]:(\d+) /g)].map((match) => match[1]);
  assert.equal(ports.length, count);
  assert.equal(new Set(ports).size, 1);
});

test('nodemailer: 20 MB', async () => {
  const from = 'large@nodemailer.test';
  const octets = randomBytes((LARGE_BYTES / 4) * 3);
  const { id, line } = await send({ from, attachments: [{ filename: 'large.bin', content: octets }] }, { ignoreTLS: false });
  assert.equal(line, expected(from, 'esmtps L. X=TLS1.3'));
  const text = await site.delivered(id);
  const size = Number(new RegExp(`${id} <= .* S=(\\d+) `).exec(site.server.log())?.[1]);
  assert.ok(size > LARGE_BYTES);
  const encoded = text.slice(text.indexOf('\n\n', text.indexOf('name=large.bin')) + 2);
  const hash = (of: Buffer) => createHash('sha256').update(of).digest('hex');
  assert.equal(hash(Buffer.from(encoded.slice(0, encoded.indexOf('\n--')), 'base64')), hash(octets));
});

test('nodemailer: some recipients are refused', async () => {
  const transport = open();
  const from = 'some@nodemailer.test';
  const sent = await transport.sendMail({ from, to: ['nobody@site.test', BOX, 'later@site.test'], subject: 'x', text: 'x' });
  assert.deepEqual(sent.accepted, [BOX]);
  assert.deepEqual(sent.rejected, ['nobody@site.test', 'later@site.test']);
  assert.deepEqual(
    sent.rejectedErrors?.map((error: { readonly response?: unknown }) => error.response),
    ['550 no such user', '451 come back'],
  );
  const { line } = await site.arrival(from);
  assert.equal(line, expected(from, 'esmtp L.'));
  await assert.rejects(
    transport.sendMail({ from: 'none@nodemailer.test', to: 'nobody@site.test', subject: 'x', text: 'x' }),
    /550 no such user/,
  );
  transport.close();
  assert.ok(!site.server.log().includes('<= none@'));
});

test('nodemailer: too large by SIZE, and refused behind its data', async () => {
  const transport = open();
  const from = 'big@nodemailer.test';
  const size = 50 << 20;
  await assert.rejects(
    transport.sendMail({ envelope: { from, to: BOX, size }, raw: 'Subject: x\r\n\r\nx\r\n' }),
    /Message size larger than allowed 41943040/,
  );
  await assert.rejects(transport.sendMail({ from, to: BOX, subject: 'refused', text: 'x' }), /550 not this subject/);
  transport.close();
  await site.server.waitForLog(/ F=<big@nodemailer\.test> rejected after DATA: not this subject/);
  assert.ok(!site.server.log().includes(`<= ${from}`));
});
