/** DKIM at reception on real sockets: DATA and BDAT in pieces, keys that are asked for meanwhile, many signatures, and where nothing is verified. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { keyRecord, type Signing, signatureLine } from '../../../src/checks/dkim/signing-fixture.ts';
import { DnsServer } from '../support/dns-server.ts';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const place = new Place('dkim');
const [port = 0] = await freePorts(1);
const dns = await DnsServer.start({
  'sel._domainkey.test.ex': [`TXT ${keyRecord('rsa1024')}`],
  'ed._domainkey.test.ex': [`TXT ${keyRecord('ed25519')}`],
});
const server = new MailServer(
  place,
  `${placeOptions(place, {
    primary_hostname: 'mail.site.test',
    daemon_smtp_ports: port,
    dns_servers: dns.server,
    dns_retrans: '1s',
    dns_retry: 1,
    tls_advertise_hosts: '',
    log_selector: '+dkim_verbose',
    acl_smtp_rcpt: 'rcpt',
    acl_smtp_dkim: 'dkim',
    acl_smtp_data: 'data',
    message_size_limit: '100M',
    chunking_advertise_hosts: '*',
    queue_only: 'true',
  })}
begin acl
rcpt:
  warn local_parts = unverified
    control = dkim_disable_verify
  accept
dkim:
  warn add_header = X-DKIM: $dkim_cur_signer $dkim_verify_status $dkim_verify_reason
  deny dkim_signers = banned.ex
    message = not from $dkim_cur_signer
  accept
data:
  accept logwrite = seen: $header_x-dkim: / $dkim_verify_status
begin routers
catch:
  driver = redirect
  data = :blackhole:
`,
);

before(() => server.start());
after(async () => {
  await server.stop();
  await dns.stop();
  place.remove();
});

const HEADERS = ['From: Joe <joe@test.ex>\r\n', 'To: ann@site.test\r\n'];

/** Each message has an id of its own, by which its lines in the log are found. */
function signed(id: string, signing: Partial<Signing> = {}, signatures = 1): { readonly head: string; readonly body: string } {
  const headers = [...HEADERS, `Message-ID: <${id}@test.ex>\r\n`];
  const body = signing.body ?? 'Hello  Ann,\r\n.\r\nthis is a test. \r\n\r\n';
  const line = signatureLine({ key: 'rsa1024', selector: 'sel', ...signing, headers, body });
  return { head: `${line.repeat(signatures)}${headers.join('')}\r\n`, body };
}

/** Lines of the log about the message: without time and id, of the arrival only `DKIM=`. */
async function logged(id: string): Promise<string[]> {
  const [, spoolId = ''] = await server.waitForLog(new RegExp(`^\\S+ \\S+ (\\S+) <= .* id=${id}@test\\.ex`));
  const lines = server
    .log()
    .split('\n')
    .filter((line) => line.includes(spoolId));
  return lines
    .map((line) => line.slice(line.indexOf(spoolId) + spoolId.length + 1))
    .map((line) => (line.startsWith('<=') ? (/ DKIM=\S+/.exec(line)?.[0] ?? 'no DKIM=') : line));
}

const OK = [
  'DKIM: d=test.ex s=sel c=relaxed/relaxed a=rsa-sha256 b=1024 [verification succeeded]',
  'seen: test.ex pass / pass',
  ' DKIM=test.ex',
];

async function open(to = 'ann@site.test'): Promise<SmtpClient> {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.command('MAIL FROM:<joe@test.ex>');
  assert.match(await client.command(`RCPT TO:<${to}>`), /^250/);
  return client;
}

async function sendData({ head, body }: { readonly head: string; readonly body: string }, to?: string): Promise<string> {
  const client = await open(to);
  try {
    await client.command('DATA');
    await client.write(`${head}${body.replaceAll(/^\./gm, '..')}.\r\n`);
    return await client.reply();
  } finally {
    client.close();
  }
}

test('a message by DATA', async () => {
  assert.match(await sendData(signed('data')), /^250 OK id=/);
  assert.deepEqual(await logged('data'), OK);
});

test('a message by BDAT, cut anywhere', async () => {
  const { head, body } = signed('bdat');
  const text = head + body;
  const client = await open();
  for (let at = 0; at < text.length; at += 101) {
    const piece = text.slice(at, at + 101);
    const last = at + 101 >= text.length ? ' LAST' : '';
    await client.write(`BDAT ${piece.length}${last}\r\n${piece}`);
    assert.match(await client.reply(), /^250/);
  }
  client.close();
  assert.deepEqual(await logged('bdat'), OK);
});

test('keys are asked for while the body is on its way', async () => {
  const { head, body } = signed('meanwhile', { key: 'ed25519', selector: 'ed' });
  const client = await open();
  await client.command('DATA');
  await client.write(head);
  await waitFor('the key is asked for', () => dns.asked.includes('ed._domainkey.test.ex/TXT'));
  await client.write(`${body.replaceAll(/^\./gm, '..')}.\r\n`);
  assert.match(await client.reply(), /^250/);
  client.close();
  assert.match((await logged('meanwhile'))[0] ?? '', /a=ed25519-sha256 b=512 \[verification succeeded\]$/);
});

test('a body of 8 MiB', async () => {
  const body = `${'a line of  the body \r\n'.repeat(400_000)}`;
  assert.match(await sendData(signed('large', { body })), /^250/);
  assert.deepEqual(await logged('large'), OK);
});

test('a second message of a connection knows nothing of the first', async () => {
  const client = await open();
  for (const text of [signed('first'), { head: `${HEADERS.join('')}Message-ID: <second@test.ex>\r\n\r\n`, body: 'x\r\n' }]) {
    await client.command('DATA');
    await client.write(`${text.head}${text.body.replaceAll(/^\./gm, '..')}.\r\n`);
    assert.match(await client.reply(), /^250/);
    await client.command('MAIL FROM:<joe@test.ex>');
    await client.command('RCPT TO:<ann@site.test>');
  }
  client.close();
  assert.deepEqual(await logged('first'), OK);
  assert.deepEqual(await logged('second'), ['seen:  / ', 'no DKIM=']);
});

test('a signer that the ACL refuses', async () => {
  assert.equal(await sendData(signed('banned', { domain: 'banned.ex' })), '550 not from banned.ex');
  await server.waitForLog(/rejected DKIM : not from banned\.ex$/);
  await server.waitForLog(/rejected DKIM : not from banned\.ex$/, 'reject');
});

test('2000 signatures', async () => {
  const before = dns.asked.length;
  assert.match(await sendData(signed('many', {}, 2000)), /^250/);
  assert.deepEqual(await logged('many'), [
    'DKIM: Error during validation, disabling signature verification: EXCESS_SIGS',
    'seen:  / ',
    'no DKIM=',
  ]);
  await server.waitForLog(/^\S+ \S+ DKIM: validation error: EXCESS_SIGS$/);
  assert.equal(dns.asked.length, before);
});

test('nothing is verified where it is not wanted, nor of messages that do not come over SMTP', async () => {
  assert.match(await sendData(signed('unverified'), 'unverified@site.test'), /^250/);
  assert.deepEqual(await logged('unverified'), ['seen:  / ', 'no DKIM=']);
  const { head, body } = signed('batch');
  const { status } = await server.exim(['-bS'], {
    input: `MAIL FROM:<joe@test.ex>\nRCPT TO:<ann@site.test>\nDATA\n${(head + body).replaceAll('\r\n', '\n').replaceAll(/^\./gm, '..')}.\n`,
  });
  assert.equal(status, 0);
  assert.deepEqual(await logged('batch'), ['no DKIM=']);
  await server.exim(['-bm', '-oi', 'ann@site.test'], { input: (signed('submitted').head + body).replaceAll('\r\n', '\n') });
  assert.deepEqual(await logged('submitted'), ['no DKIM=']);
});

test('-bs and -bh verify too', async () => {
  const session = ({ head, body }: ReturnType<typeof signed>) =>
    `EHLO x\r\nMAIL FROM:<joe@test.ex>\r\nRCPT TO:<ann@site.test>\r\nDATA\r\n${head}${body.replaceAll(/^\./gm, '..')}.\r\nQUIT\r\n`;
  await server.exim(['-bs'], { input: session(signed('bs')) });
  assert.deepEqual(await logged('bs'), OK);
  const { stderr } = await server.exim(['-bh', '192.0.2.7'], { input: session(signed('bh')) });
  for (const line of OK.slice(0, 2)) assert.ok(stderr.includes(line), `${line} in\n${stderr}`);
});
