/** Exim as the sending MTA: chunks, PRDR, DSN, SMTPUTF8, TLS, authentication, one connection for many messages, early pipelining. Needs Exim and root. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Place } from '../support/place.ts';
import { missingReference, REFERENCE_USER, ReferenceServer, referenceFolder } from '../support/reference.ts';
import { certificateOf, HOST, Site, USER, waitForMails } from './site.ts';

const skip = missingReference();
const site = await Site.forTests('from-exim', { smtp_accept_queue_per_connection: 0 });
const place = new Place('exim-sender');
const sender = new ReferenceServer(place, senderConfig());
/** How the sending side names a connection, and ours the host. */
const CLIENT = 'H=(sender.test) [127.0.0.1]:port I=[127.0.0.1]:port';

before(() => {
  if (skip === false) for (const folder of ['spool', 'log']) referenceFolder(place, folder);
});
after(() => place.remove());

/** The transport is named by the recipient's domain. */
function senderConfig(): string {
  // an empty list would mean that the certificate must verify
  const tls = ['hosts_require_tls = *', 'tls_try_verify_hosts = :'];
  const noTls = ['hosts_avoid_tls = *'];
  const transports: Readonly<Record<string, readonly string[]>> = {
    plain: [...noTls, 'hosts_try_chunking =', 'hosts_avoid_pipelining = *'],
    pipelined: [...noTls, 'hosts_try_chunking ='],
    chunked: noTls,
    prdr: [...noTls, 'hosts_try_prdr = *'],
    early: [...noTls, 'hosts_pipe_connect = *'],
    early_tls: [...tls, 'hosts_pipe_connect = *'],
    secure: tls,
    secure_data: [...tls, 'hosts_try_chunking ='],
    verified: [
      'hosts_require_tls = *',
      `tls_verify_certificates = ${place.file('etc/trusted.pem', certificateOf(site.place.read('etc/mail.pem')))}`,
      'tls_verify_hosts = *',
      'tls_verify_cert_hostnames = :',
      `tls_sni = ${HOST}`,
    ],
    on_connect: [...tls, 'protocol = smtps'],
    auth: [...noTls, 'hosts_require_auth = *'],
    auth_tls: [...tls, 'hosts_require_auth = *', 'authenticated_sender = someone@sender.test'],
    many: [...noTls, 'connection_max_messages = 500'],
    many_tls: [...tls, 'connection_max_messages = 500'],
    single: [...noTls, 'max_rcpt = 1'],
  };
  const names = Object.keys(transports);
  return `
exim_user = ${REFERENCE_USER}
exim_group = ${REFERENCE_USER}
spool_directory = ${place.path('spool')}
log_file_path = ${place.path('log/%slog')}
primary_hostname = sender.test
keep_environment =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
accept_8bitmime = true
log_selector = +all -pid
acl_smtp_rcpt = accept
begin routers
${names.map((name) => `${name}:\n  driver = accept\n  domains = ${name.replaceAll('_', '-')}.test\n  transport = ${name}\n`).join('')}
bounces:
  driver = redirect
  data = :blackhole:
begin transports
${Object.entries(transports)
  .map(([name, options]) => transport(name, options))
  .join('')}begin retry
* * F,1d,15m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_condition = \${if eq{$sender_address_local_part}{auth.plain}}
  client_send = ^${USER.user}^${USER.pass}
login:
  driver = plaintext
  public_name = LOGIN
  client_condition = \${if eq{$sender_address_local_part}{auth.login}}
  client_send = : ${USER.user} : ${USER.pass}
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  client_name = ${USER.user}
  client_secret = ${USER.pass}
`;
}

function transport(name: string, options: readonly string[]): string {
  const port = options.includes('protocol = smtps') ? site.securePort : site.port;
  const all = ['driver = smtp', 'hosts = 127.0.0.1', 'hosts_override', 'allow_localhost', 'multi_domain', `port = ${port}`, ...options];
  return `${name}:\n${all.map((option) => `  ${option}\n`).join('')}`;
}

/** Hands a message to Exim, which sends it at once. Its log line for the first recipient is returned, and ours for the message. */
async function send(
  from: string,
  to: readonly string[],
  input: string,
  args: readonly string[] = [],
): Promise<{ readonly id: string; readonly line: string; readonly sent: string }> {
  const { status, stdout, stderr } = await sender.exim([...args, '-odf', '-f', from, ...to], { input });
  assert.equal(status, 0, stdout + stderr);
  return result(from);
}

async function result(from: string): Promise<{ readonly id: string; readonly line: string; readonly sent: string }> {
  const { id, line } = await site.arrival(from);
  const sent =
    place
      .read('log/mainlog')
      .split('\n')
      .find((entry) => entry.includes(' => ') && entry.includes(id)) ?? '';
  return { id, line: line.replace(/ id=\S+| T="[^"]*"/g, ''), sent };
}

/** A dialogue with `exim -bs`, which sends at once. */
async function submit(lines: readonly string[], text: string): Promise<void> {
  const input = `${['EHLO submitter.test', ...lines, 'DATA'].join('\r\n')}\r\n${text.replaceAll(/^\./gm, '..').replaceAll('\n', '\r\n')}.\r\nQUIT\r\n`;
  const { status, stdout } = await sender.exim(['-odf', '-bs'], { input });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^250 OK id=/m);
}

function expected(from: string, fields: string, to: string): string {
  return `<= ${from} ${CLIENT} P=${fields} S=n M8S=0 from <${from}> for ${to}`;
}

const MESSAGE = 'Subject: from exim\n\nfirst\n..\n.x\n.\nlast\n';

for (const [name, fields, sentFields] of [
  ['plain', 'esmtp L.-', ''],
  ['pipelined', 'esmtp L.', ' L'],
  ['chunked', 'esmtp L. K', ' L K'],
  ['secure', 'esmtps L. X=TLS1.3 K', ' L K'],
  ['secure-data', 'esmtps L. X=TLS1.3', ' L'],
  ['verified', `esmtps L. X=TLS1.3 SNI=${HOST} K`, ' L K'],
  ['on-connect', 'esmtps L. X=TLS1.3 K', ' L K'],
] as const) {
  test(`exim: ${name}`, { skip }, async () => {
    const from = `${name}@sender.test`;
    const { id, line, sent } = await send(from, [`box@${name}.test`], MESSAGE, ['-oi']);
    assert.equal(line, expected(from, fields, `box@${name}.test`));
    const text = await site.delivered(id);
    assert.ok(text.endsWith('\n\nfirst\n..\n.x\n.\nlast\n'), text);
    assert.match(sent, new RegExp(`${sentFields} C="250[^"]* OK id=${id}"`));
  });
}

for (const name of ['plain', 'login', 'cram']) {
  test(`exim: AUTH by ${name}`, { skip }, async () => {
    const from = `auth.${name}@sender.test`;
    const { line, sent } = await send(from, ['box@auth.test'], MESSAGE);
    assert.equal(line, expected(from, `esmtpa L. A=${name}:${USER.user} K`, 'box@auth.test'));
    assert.match(sent, new RegExp(` A=${name} L K C=`));
  });
}

test('exim: AUTH under TLS, with the sender that is told for', { skip }, async () => {
  const from = 'auth.tls@sender.test';
  const { line } = await send(from, ['box@auth-tls.test'], MESSAGE);
  assert.equal(line, expected(from, `esmtpsa L. X=TLS1.3 A=cram:${USER.user}:someone@sender.test K`, 'box@auth-tls.test'));
});

test('exim: PRDR, one recipient is refused behind the data', { skip }, async () => {
  const from = 'prdr@sender.test';
  const { id, line } = await send(from, ['box@prdr.test', 'picky@prdr.test', 'two@prdr.test'], MESSAGE);
  assert.equal(line, expected(from, 'esmtp L. PRDR K', 'box@prdr.test picky@prdr.test two@prdr.test'));
  await site.server.waitForLog(new RegExp(` ${id} Completed`));
  const log = place.read('log/mainlog');
  assert.match(
    log,
    / => box@prdr\.test .* PRDR K C="250 PRDR R=<box@prdr\.test> acceptance\\\\n250 id=\S+ message accepted for some recipients"/,
  );
  assert.match(log, / \*\* picky@prdr\.test .*550 not for picky/);
  assert.doesNotMatch(site.server.log(), new RegExp(`${id} => picky`));
});

test('exim: recipients that RCPT refuses', { skip }, async () => {
  const from = 'some@sender.test';
  const { line } = await send(from, ['nobody@pipelined.test', 'box@pipelined.test', 'later@pipelined.test'], MESSAGE);
  assert.equal(line, expected(from, 'esmtp L.', 'box@pipelined.test'));
  const log = place.read('log/mainlog');
  assert.match(log, / \*\* nobody@pipelined\.test .*: 550 no such user/);
  assert.match(log, / == later@pipelined\.test .*: 451 come back/);
});

test('exim: DSN options', { skip }, async () => {
  const lines = [
    'MAIL FROM:<dsn@sender.test> RET=HDRS ENVID=some+2Bid',
    'RCPT TO:<hold@chunked.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2Bone@sender.test',
    'RCPT TO:<two@chunked.test> NOTIFY=NEVER',
    'RCPT TO:<three@chunked.test>',
  ];
  await submit(lines, MESSAGE);
  const { id, line } = await result('dsn@sender.test');
  assert.equal(line, expected('dsn@sender.test', 'esmtp L. PRDR K', 'hold@chunked.test two@chunked.test three@chunked.test'));
  const { envelope, recipients, data } = site.spooled(id);
  assert.match(envelope, /^-dsn_envid some\+2Bid$/m);
  assert.match(envelope, /^-dsn_ret 2$/m);
  assert.deepEqual(recipients, [
    'hold@chunked.test rfc822;first+2Bone@sender.test 30,20  0,-1#3',
    'two@chunked.test  0,2  0,-1#3',
    'three@chunked.test',
  ]);
  assert.equal(data, MESSAGE.slice(MESSAGE.indexOf('\n\n') + 2));
});

test('exim: SMTPUTF8', { skip }, async () => {
  const octets = (text: string) => Buffer.from(text).toString('latin1');
  const from = octets('andr\u00e9@sender.test');
  await submit(
    [`MAIL FROM:<${from}> SMTPUTF8 BODY=8BITMIME`, `RCPT TO:<${octets('h\u00f6ld')}@chunked.test>`, 'RCPT TO:<hold@chunked.test>'],
    `Subject: ${octets('\u00e4')}\n\n${octets('\u00f6')}\n`,
  );
  const { id, line } = await result(from);
  assert.equal(
    line,
    `<= ${from} ${CLIENT} P=utf8esmtp L. PRDR K S=n M8S=0 from <${from}> for ${octets('h\u00f6ld')}@chunked.test hold@chunked.test`,
  );
  const { envelope, data } = site.spooled(id);
  assert.match(envelope, /^-smtputf8$/m);
  assert.match(envelope, /^-body_linecount 1$/m);
  assert.ok(envelope.includes(`Subject: ${octets('\u00e4')}\n`));
  assert.equal(data, `${octets('\u00f6')}\n`);
});

test('exim: 8 MB in chunks and under DATA, lines of dots and all octets', { skip }, async () => {
  const lines = Array.from(
    { length: 60_000 },
    (_, index) => `${index % 7 === 0 ? '.' : ''}${index} ${String.fromCharCode(128 + (index % 128)).repeat(120)}`,
  );
  const body = `${lines.join('\n')}\n.\n..\n`;
  for (const name of ['chunked', 'pipelined', 'secure', 'secure-data']) {
    const from = `large.${name}@sender.test`;
    const { id } = await send(from, [`box@${name}.test`], `Subject: large\n\n${body}`, ['-oi']);
    const text = await site.delivered(id);
    assert.ok(text.endsWith(`\n\n${body}`), name);
  }
});

for (const [name, count] of [
  ['many', 10],
  ['many-tls', 5],
] as const) {
  test(`exim: ${count} messages on one connection (${name})`, { skip }, async () => {
    const from = `${name}@sender.test`;
    const batch = Array.from(
      { length: count },
      (_, number) => `MAIL FROM:<${from}>\nRCPT TO:<box@${name}.test>\nDATA\nSubject: ${name} ${number}\n\nx\n.\n`,
    );
    const { status, stdout } = await sender.exim(['-odqs', '-bS'], { input: `${batch.join('')}QUIT\n` });
    assert.equal(status, 0, stdout);
    const before = site.mailCount();
    await sender.exim(['-qq']);
    await waitForMails(site, before + count);
    const subjects = site.mails().flatMap((text) => new RegExp(`^Subject: (${name} \\d+)$`, 'm').exec(text)?.[1] ?? []);
    assert.equal(subjects.length, count);
    assert.equal(new Set(subjects).size, count);
    const ports = [...site.server.log().matchAll(new RegExp(`<= ${from} H=\\(sender\\.test\\) \\S+\\]:(\\d+) `, 'g'))].map(
      (match) => match[1],
    );
    assert.equal(ports.length, count);
    assert.equal(new Set(ports).size, 1);
  });
}

test('exim: early pipelining, on the second connection; behind STARTTLS at once', { skip }, async () => {
  for (const [name, fields] of [
    ['early', 'esmtp L K'],
    ['early-tls', 'esmtps L X=TLS1.3 K'],
  ] as const) {
    for (const number of [1, 2]) {
      const from = `${name}.${number}@sender.test`;
      const { line, sent } = await send(from, [`box@${name}.test`], MESSAGE);
      // L* only where it came before our greeting was on its way, which is a race
      assert.equal(line.replace(/ L[.*] /, ' L '), expected(from, fields, `box@${name}.test`));
      assert.match(sent, number === 2 ? / L\* K C=/ : / L\*? K C=/);
    }
  }
});

test('exim: max_rcpt, a transaction for each recipient', { skip }, async () => {
  const from = 'single@sender.test';
  await send(from, ['one@single.test', 'two@single.test', 'three@single.test'], MESSAGE);
  await site.server.waitForLog(/ for three@single\.test/);
  const recipients = [...site.server.log().matchAll(/<= single@sender\.test .* for (.*)/g)].map((match) => match[1]);
  assert.deepEqual(recipients.sort(), ['one@single.test', 'three@single.test', 'two@single.test']);
});
