/** Exim as the receiving MTA: what the smtp transport says to it under STARTTLS, with AUTH, CHUNKING, DSN, PRDR, SIZE and SMTPUTF8. Needs Exim and root. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAlive, MailServer, placeOptions, signal } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { missingReference, REFERENCE_USER, ReferenceServer, referenceFolder } from '../support/reference.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';
import { AUTHENTICATORS, certificateOf, mask, USER } from './site.ts';

const skip = missingReference();
const place = new Place('exim-receiver');
const ours = new Place('to-exim');
const [port = 0, securePort = 0, senderPort = 0] = await freePorts(3);
place.certificate('etc/mail.pem', 'mail.site.test');
const clientPem = ours.certificate('etc/client.pem', 'sender.test');
const receiver = new ReferenceServer(place, receiverConfig());
const sender = new MailServer(ours, senderConfig());
const CLIENT = 'H=(sender.test) [127.0.0.1]';
const MESSAGE = 'Subject: to exim\n\nfirst\n..\n.x\n.\nlast\n';

before(async () => {
  if (skip !== false) return;
  for (const folder of ['.', 'spool', 'log', 'mail']) referenceFolder(place, folder);
  const { status, stderr } = await receiver.exim(['-bd']);
  assert.equal(status, 0, stderr);
  await waitFor('Exim listens', () => place.read('log/mainlog').includes('daemon started'));
  await sender.start();
});
after(async () => {
  await sender.stop();
  const pid = Number(place.read('exim.pid'));
  if (pid > 0 && signal(pid, 'SIGTERM')) await waitFor('Exim ends', () => !isAlive(pid));
  place.remove();
  ours.remove();
});

function receiverConfig(): string {
  // Exim's user reads its key, which Place gives to ours
  const key = place.file('etc/key.pem', place.read('etc/mail.pem'));
  return `
exim_user = ${REFERENCE_USER}
exim_group = ${REFERENCE_USER}
spool_directory = ${place.path('spool')}
log_file_path = ${place.path('log/%slog')}
pid_file_path = ${place.path('exim.pid')}
primary_hostname = mail.site.test
keep_environment =
local_interfaces = <; 127.0.0.1 ; 127.0.0.2 ; 127.0.0.3 ; 127.0.0.4 ; 127.0.0.5
daemon_smtp_ports = ${port} : ${securePort}
tls_on_connect_ports = ${securePort}
tls_advertise_hosts = *
tls_certificate = ${key}
tls_try_verify_hosts = *
tls_verify_certificates = ${place.file('etc/trusted.pem', certificateOf(ours.read('etc/client.pem')))}
auth_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
prdr_enable = true
message_size_limit = 1M
log_selector = +8bitmime +smtp_mailauth +pipelining +received_recipients +received_sender +tls_peerdn
acl_smtp_mailauth = accept
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny   local_parts = nobody
         message = no such user
  defer  local_parts = later
         message = come back
  accept local_parts = hold
         control = queue
  accept
begin routers
all:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${place.path('mail/box')}
  maildir_format
  user = ${REFERENCE_USER}
${AUTHENTICATORS}`;
}

/** The transport is named by the recipient's domain. */
function senderConfig(): string {
  const trusted = ours.file('etc/trusted.pem', certificateOf(place.read('etc/mail.pem')));
  const verified = [`tls_verify_certificates = ${trusted}`, 'tls_verify_hosts = *', 'tls_verify_cert_hostnames ='];
  const transports: Readonly<Record<string, readonly string[]>> = {
    plain: ['hosts_avoid_tls = *', 'hosts_avoid_pipelining = *'],
    pipelined: ['hosts_avoid_tls = *'],
    secure: ['hosts_require_tls = *'],
    verified: ['hosts_require_tls = *', ...verified],
    // hosts of their own, because they are not tried again soon
    wrong: ['hosts = 127.0.0.2', 'hosts_avoid_tls = *', 'hosts_require_auth = *'],
    unverified: ['hosts = 127.0.0.3', 'hosts_require_tls = *', 'tls_verify_hosts = *'],
    misnamed: ['hosts = 127.0.0.5', 'hosts_require_tls = *', `tls_verify_certificates = ${trusted}`, 'tls_verify_hosts = *'],
    neither: ['hosts = 127.0.0.4', 'hosts_require_tls = *', 'tls_try_verify_hosts ='],
    certified: ['hosts_require_tls = *', `tls_certificate = ${clientPem}`],
    on_connect: ['protocol = smtps'],
    auth: ['hosts_avoid_tls = *', 'hosts_require_auth = *'],
    auth_tls: ['hosts_require_tls = *', 'hosts_require_auth = *', 'authenticated_sender = someone@sender.test'],
    single: ['hosts_avoid_tls = *', 'max_rcpt = 1'],
    no_size: ['hosts_avoid_tls = *', 'size_addition = -1'],
    many: ['hosts_avoid_tls = *'],
  };
  const names = Object.keys(transports);
  const common = ['driver = smtp', 'hosts_override', 'allow_localhost', 'multi_domain'];
  const text = names.map((name) => {
    const options = transports[name] ?? [];
    const where = options.includes('protocol = smtps') ? securePort : port;
    const hosts = options.some((option) => option.startsWith('hosts = ')) ? [] : ['hosts = 127.0.0.1'];
    return `${name}:\n${[...common, ...hosts, `port = ${where}`, ...options].map((option) => `  ${option}\n`).join('')}`;
  });
  const client = (name: string) => `client_condition = \${if eq{$sender_address_local_part}{auth.${name}}}`;
  return `${placeOptions(ours, {
    primary_hostname: 'sender.test',
    dsn_advertise_hosts: '*',
    smtputf8_advertise_hosts: '*',
    acl_smtp_rcpt: 'accept',
    daemon_smtp_ports: senderPort,
    tls_advertise_hosts: '',
    smtp_accept_queue_per_connection: 0,
    queue_domains: 'many.test',
    log_selector: '+all -pid -millisec -arguments',
  })}
begin routers
${names.map((name) => `${name}:\n  driver = accept\n  domains = ${name.replaceAll('_', '-')}.test\n  transport = ${name}\n`).join('')}
begin transports
${text.join('')}
begin retry
* * F,1d,15m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  ${client('plain')}
  client_send = ^${USER.user}^${USER.pass}
login:
  driver = plaintext
  public_name = LOGIN
  ${client('login')}
  client_send = : ${USER.user} : ${USER.pass}
wrong:
  driver = plaintext
  public_name = PLAIN
  ${client('wrong')}
  client_send = ^${USER.user}^wrong
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  ${client('cram')}
  client_name = ${USER.user}
  client_secret = ${USER.pass}
`;
}

interface Arrival {
  readonly id: string;
  /** Exim's line. */
  readonly line: string;
  /** Ours for the first recipient. */
  readonly sent: string;
}

/** Hands it to our daemon, which delivers at once; `mail` and `rcpts` are what the commands say. */
async function submitBySmtp(mail: string, rcpts: readonly string[], text = MESSAGE): Promise<void> {
  const client = await SmtpClient.open(senderPort);
  try {
    for (const line of ['EHLO submitter.test', `MAIL FROM:${mail}`, ...rcpts.map((rcpt) => `RCPT TO:${rcpt}`), 'DATA'])
      assert.match(await client.command(line), /^[23]/);
    await client.write(`${text.replaceAll(/^\./gm, '..').replaceAll('\n', '\r\n')}.\r\n`);
    assert.match(await client.reply(), /^250 OK id=/);
  } finally {
    client.close();
  }
}

function submit(from: string, to: readonly string[], text?: string): Promise<void> {
  const rcpts = to.map((address) => `<${address}>`);
  return submitBySmtp(`<${from}>`, rcpts, text);
}

async function arrival(from: string): Promise<Arrival> {
  const escaped = from.replaceAll('.', '\\.');
  const found = await waitFor(
    () => `${from} in Exim's log\n${sender.log()}${sender.log('panic')}${place.read('log/mainlog')}`,
    () => new RegExp(` (\\S+) (<= ${escaped} .*)`).exec(place.read('log/mainlog')) ?? undefined,
    10_000,
  );
  const id = found[1] ?? '';
  const sent = await sender.waitForLog(new RegExp(` => .*${id}`));
  return { id, line: mask(found[2] ?? '').replace(/ id=\S+/, ''), sent: mask(sent[0]) };
}

async function send(from: string, to: readonly string[], input?: string): Promise<Arrival> {
  await submit(from, to, input);
  return arrival(from);
}

/** The text that Exim delivered. */
async function delivered(id: string): Promise<string> {
  await waitFor(`${id} is delivered`, () => place.read('log/mainlog').includes(` ${id} Completed`));
  return place.maildir('mail/box').find((text) => text.includes(`id ${id}`)) ?? assert.fail(`${id} is not there`);
}

for (const [name, fields, ourFields] of [
  ['plain', 'esmtp L.-', ''],
  ['pipelined', 'esmtp L.', ' L'],
  ['secure', 'esmtps L. X=TLS1.3 CV=no', ' X=TLS1.3 CV=no DN="/CN=mail.site.test" L'],
  ['verified', 'esmtps L. X=TLS1.3 CV=no', ' X=TLS1.3 CV=yes DN="/CN=mail.site.test" L'],
  ['certified', 'esmtps L. X=TLS1.3 CV=yes DN="CN=sender.test"', ' X=TLS1.3 CV=no DN="/CN=mail.site.test" L'],
  ['on-connect', 'esmtps L. X=TLS1.3 CV=no', ' X=TLS1.3 CV=no DN="/CN=mail.site.test" L'],
] as const) {
  test(`to exim: ${name}`, { skip }, async () => {
    const from = `${name}@sender.test`;
    const { id, line, sent } = await send(from, [`box@${name}.test`]);
    assert.ok((await delivered(id)).endsWith('\n\nfirst\n..\n.x\n.\nlast\n'));
    assert.equal(line, `<= ${from} ${CLIENT} P=${fields} K S=n M8S=0 from <${from}> for box@${name}.test`);
    assert.ok(sent.includes(`${ourFields} K C="250`), sent);
  });
}

for (const name of ['plain', 'login', 'cram']) {
  test(`to exim: AUTH by ${name}`, { skip }, async () => {
    const from = `auth.${name}@sender.test`;
    const { line, sent } = await send(from, ['box@auth.test']);
    assert.equal(line, `<= ${from} ${CLIENT} P=esmtpa L. A=${name}:${USER.user} K S=n M8S=0 from <${from}> for box@auth.test`);
    assert.ok(sent.includes(` A=${name} L K C="250`), sent);
  });
}

test('to exim: AUTH under TLS, with the sender that is told for', { skip }, async () => {
  const from = 'auth.plain@sender.test';
  await submit(from, ['two@auth-tls.test']);
  const line = await waitFor('it arrives', () => /<= auth\.plain@.* for two@auth-tls\.test/.exec(place.read('log/mainlog'))?.[0]);
  assert.ok(line.includes(`A=plain:${USER.user}:someone@sender.test K S=`), line);
});

test('to exim: refused recipients', { skip }, async () => {
  const from = 'some@sender.test';
  const { line } = await send(from, ['nobody@pipelined.test', 'box@pipelined.test', 'later@pipelined.test']);
  assert.ok(line.endsWith(` from <${from}> for box@pipelined.test`), line);
  const refused = 'SMTP error from remote mail server after (?:pipelined )?RCPT TO';
  await sender.waitForLog(new RegExp(` \\*\\* nobody@pipelined\\.test .*: ${refused}:<nobody@pipelined\\.test>: 550 no such user`));
  await sender.waitForLog(new RegExp(` == later@pipelined\\.test .*: ${refused}:<later@pipelined\\.test>: 451 come back`));
});

function spooled(id: string): string {
  return place.read(`spool/input/${id}-H`);
}

test('to exim: DSN options', { skip }, async () => {
  const from = 'dsn@sender.test';
  await submitBySmtp(`<${from}> RET=HDRS ENVID=some+2Bid`, [
    '<hold@pipelined.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2Bone@sender.test',
    '<two@pipelined.test> NOTIFY=NEVER',
    '<three@pipelined.test>',
  ]);
  const { id, line } = await arrival(from);
  assert.ok(line.endsWith(' for hold@pipelined.test two@pipelined.test three@pipelined.test'), line);
  const envelope = spooled(id);
  assert.match(envelope, /^-dsn_envid some\+2Bid$/m);
  assert.match(envelope, /^-dsn_ret 2$/m);
  assert.match(
    envelope,
    /^3\nhold@pipelined\.test rfc822;first\+2Bone@sender\.test 30,20 {2}0,-1#3\ntwo@pipelined\.test {2}0,2 {2}0,-1#3\nthree@pipelined\.test\n/m,
  );
});

test('to exim: SMTPUTF8, and octets with the eighth bit', { skip }, async () => {
  const octets = (text: string) => Buffer.from(text).toString('latin1');
  const from = octets('andr\u00e9@sender.test');
  const to = octets('h\u00f6ld@pipelined.test');
  const text = `Subject: ${octets('\u00e4')}\n\n${octets('\u00f6')}\n`;
  await submitBySmtp(`<${from}> SMTPUTF8 BODY=8BITMIME`, [`<${to}>`, '<hold@pipelined.test>'], text);
  const { id, line } = await arrival(from);
  assert.equal(line, `<= ${from} ${CLIENT} P=utf8esmtp L. PRDR K S=n M8S=0 from <${from}> for ${to} hold@pipelined.test`);
  assert.match(spooled(id), /^-smtputf8$/m);
  assert.ok(spooled(id).includes(`Subject: ${octets('\u00e4')}\n`));
  await submitBySmtp('<bits@sender.test> BODY=8BITMIME', ['<box@plain.test>'], 'Subject: bits\n\n\xe4\xff\n');
  const bits = await arrival('bits@sender.test');
  assert.ok((await delivered(bits.id)).endsWith('\n\n\xe4\xff\n'));
});

test('to exim: SIZE, a message that is too large for the other side', { skip }, async () => {
  const large = `Subject: large\n\n${`${'x'.repeat(70)}\n`.repeat(20_000)}`;
  for (const domain of ['pipelined.test', 'no-size.test']) {
    await submit('big@sender.test', [`box@${domain}`], large);
    await sender.waitForLog(new RegExp(` \\*\\* box@${domain} .* : message is too big for remote host \\(SIZE 1048576\\)`));
  }
  assert.doesNotMatch(place.read('log/mainlog'), /<= big@/);
});

test('to exim: 900 kB with dots and all octets, in the clear and under TLS', { skip }, async () => {
  const lines = Array.from(
    { length: 7_000 },
    (_, index) => `${index % 7 === 0 ? '.' : ''}${index} ${String.fromCharCode(128 + (index % 128)).repeat(120)}`,
  );
  const body = `${lines.join('\n')}\n.\n..\n`;
  for (const name of ['plain', 'pipelined', 'secure']) {
    const { id } = await send(`large.${name}@sender.test`, [`box@${name}.test`], `Subject: large\n\n${body}`);
    assert.ok((await delivered(id)).endsWith(`\n\n${body}`), name);
  }
});

test('to exim: max_rcpt, and many messages in a queue run', { skip }, async () => {
  await submit('single@sender.test', ['one@single.test', 'two@single.test', 'three@single.test']);
  const recipients = await waitFor('three transactions', () => {
    const found = [...place.read('log/mainlog').matchAll(/<= single@sender\.test .* for (.*)/g)].map((match) => match[1]);
    return found.length === 3 && found;
  });
  assert.deepEqual(recipients.sort(), ['one@single.test', 'three@single.test', 'two@single.test']);
  const count = 20;
  for (let number = 0; number < count; number++) await submit('many@sender.test', ['box@many.test'], `Subject: many ${number}\n\nx\n`);
  await sender.exim(['-q']);
  const subjects = await waitFor('all arrive', () => {
    const found = place.maildir('mail/box').flatMap((text) => /^Subject: (many \d+)$/m.exec(text)?.[1] ?? []);
    return found.length >= count && found;
  });
  assert.equal(subjects.length, count);
  assert.equal(new Set(subjects).size, count);
});

test('to exim: what must not be sent waits', { skip }, async () => {
  for (const [from, domain, why] of [
    ['auth.wrong@sender.test', 'wrong.test', 'authentication required but authentication attempt\\(s\\) failed'],
    ['unverified@sender.test', 'unverified.test', 'TLS session: .*certificate verify failed'],
    // trusted, but not for the host, which has its address as its name
    ['misnamed@sender.test', 'misnamed.test', 'TLS session: .*certificate verify failed'],
    // neither of the lists of hosts to verify is set
    ['neither@sender.test', 'neither.test', 'TLS session: .*certificate verify failed'],
  ] as const) {
    await submit(from, [`waits@${domain}`]);
    await sender.waitForLog(new RegExp(` == waits@${domain} .*${why}`));
    assert.ok(!place.read('log/mainlog').includes(`<= ${from} `), from);
  }
  // and the connections are given up at once
  await waitFor(
    () => `three handshakes end\n${place.read('log/mainlog')}`,
    () => place.read('log/mainlog').split('TLS error on connection from').length === 4,
    10_000,
  );
});
