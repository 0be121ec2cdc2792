/** The SMTP server on real sockets with real clients: TLS, AUTH, pipelining, half-closed connections, slow clients. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { MailServer, placeOptions, runCommand } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const USER = { user: 'ale', pass: 'secret' };
/** Connections from here may be silent for a second only. */
const SLOW = '127.0.0.9';

const place = new Place('smtp');
const [port = 0, securePort = 0] = await freePorts(2);
const server = new MailServer(place, configText());

function configText(): string {
  const pem = place.certificate('etc/mail.pem', 'mail.site.test');
  return `${placeOptions(place, {
    primary_hostname: 'mail.site.test',
    daemon_smtp_ports: `${port} : ${securePort}`,
    tls_on_connect_ports: securePort,
    tls_advertise_hosts: '*',
    tls_certificate: pem,
    smtp_receive_timeout: `\${if eq{$sender_host_address}{${SLOW}}{1s}{5m}}`,
    auth_advertise_hosts: '${if eq{$tls_in_cipher}{}{}{*}}',
    acl_smtp_rcpt: 'rcpt',
  })}
begin acl
rcpt:
  accept domains = site.test
  accept authenticated = *
  deny message = relay not permitted
begin routers
catch:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${place.path('mail/catch')}
  maildir_format
  user = ${place.account.name}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if and{{eq{$auth2}{${USER.user}}}{eq{$auth3}{${USER.pass}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{$auth1}{${USER.user}}}{eq{$auth2}{${USER.pass}}}}}
  server_set_id = $auth1
`;
}

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

function hasProgram(path: string): false | string {
  return existsSync(path) ? false : `${path} is not installed`;
}

test('nodemailer: STARTTLS and TLS from the first octet, AUTH PLAIN and LOGIN', async () => {
  for (const [secure, authMethod, protocol] of [
    [false, 'PLAIN', 'esmtpsa'],
    [false, 'LOGIN', 'esmtpsa'],
    [true, 'PLAIN', 'esmtpsa'],
    [true, 'LOGIN', 'esmtpsa'],
  ] as const) {
    const transport = createTransport({
      host: '127.0.0.1',
      port: secure ? securePort : port,
      secure,
      requireTLS: !secure,
      auth: USER,
      authMethod,
      tls: { rejectUnauthorized: false },
    });
    const subject = `nodemailer ${secure} ${authMethod}`;
    const sent = await transport.sendMail({ from: 'ale@site.test', to: 'x@elsewhere.test', subject, text: 'hello' });
    transport.close();
    assert.match(sent.response, /^250 OK id=/);
    const id = sent.response.slice('250 OK id='.length);
    const line = await server.waitForLog(new RegExp(`${id} <= ale@site\\.test`));
    assert.match(line[0], new RegExp(` P=${protocol} X=TLS1\\.[23]:\\S+ .*A=${authMethod.toLowerCase()}:ale `));
  }
});

test('a wrong password is refused, and nothing can be relayed', async () => {
  const client = await SmtpClient.open(securePort, { isTlsOnConnect: true });
  await client.command('EHLO client.test');
  assert.equal(await client.authPlain(USER.user, 'wrong'), '535 Incorrect authentication data');
  await client.command('MAIL FROM:<ale@site.test>');
  assert.equal(await client.command('RCPT TO:<x@elsewhere.test>'), '550 relay not permitted');
  await client.quit();
});

test('AUTH is neither offered nor taken without TLS', async () => {
  const client = await SmtpClient.open(port);
  assert.doesNotMatch(await client.command('EHLO client.test'), /AUTH/);
  assert.equal(await client.authPlain(USER.user, USER.pass), '503 AUTH command used when not advertised');
  assert.match(await client.startTls(), /^250-AUTH PLAIN LOGIN$/m);
  assert.equal(await client.authPlain(USER.user, USER.pass), '235 Authentication succeeded');
  await client.quit();
});

test('openssl s_client: STARTTLS', { skip: hasProgram('/usr/bin/openssl') }, async () => {
  const connection = ['-connect', `127.0.0.1:${port}`, '-starttls', 'smtp', '-crlf', '-quiet', '-ign_eof'];
  const { stdout } = await runCommand('/usr/bin/openssl', ['s_client', ...connection], { input: 'EHLO client.test\nQUIT\n' });
  // -quiet shows the last reply before TLS too
  assert.match(stdout, /^250-mail\.site\.test Hello client\.test \[127\.0\.0\.1\]\r?$/m);
  assert.match(stdout, /^221 mail\.site\.test closing connection\r?$/m);
});

test('swaks: STARTTLS and AUTH', { skip: hasProgram('/usr/bin/swaks') }, async () => {
  const login = ['--tls', '--auth', 'LOGIN', '--auth-user', USER.user, '--auth-password', USER.pass];
  const addresses = ['--from', 'swaks@site.test', '--to', 'x@elsewhere.test'];
  const { status, stdout } = await runCommand('/usr/bin/swaks', ['--server', `127.0.0.1:${port}`, ...addresses, ...login]);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^<~ {2}250 OK id=/m);
});

test('a whole transaction in one write is answered in order', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.write('MAIL FROM:<a@site.test>\r\nRCPT TO:<b@site.test>\r\nRCPT TO:<c@elsewhere.test>\r\nRCPT TO:<d@site.test>\r\nDATA\r\n');
  const answers = [await client.reply(), await client.reply(), await client.reply(), await client.reply(), await client.reply()];
  assert.deepEqual(answers, [
    '250 OK',
    '250 Accepted',
    '550 relay not permitted',
    '250 Accepted',
    '354 Enter message, ending with "." on a line by itself',
  ]);
  await client.write('Subject: pipelined\r\n\r\nx\r\n.\r\nMAIL FROM:<next@site.test>\r\nRSET\r\nQUIT\r\n');
  assert.match(await client.reply(), /^250 OK id=/);
  assert.deepEqual(
    [await client.reply(), await client.reply(), await client.reply()],
    ['250 OK', '250 Reset OK', '221 mail.site.test closing connection'],
  );
  client.close();
});

test('who ends its side early still gets its answers, and half a message is none', async () => {
  const whole = await SmtpClient.open(port);
  await whole.command('EHLO client.test');
  await whole.write('MAIL FROM:<half@site.test>\r\nRCPT TO:<b@site.test>\r\nQUIT\r\n');
  whole.endWriting();
  assert.deepEqual(
    [await whole.reply(), await whole.reply(), await whole.reply()],
    ['250 OK', '250 Accepted', '221 mail.site.test closing connection'],
  );
  whole.close();
  const half = await SmtpClient.open(port);
  for (const line of ['EHLO client.test', 'MAIL FROM:<half@site.test>', 'RCPT TO:<b@site.test>', 'DATA']) await half.command(line);
  await half.write('Subject: half\r\n\r\nno end');
  half.endWriting();
  await server.waitForLog(/unexpected disconnection while reading (?:SMTP command|message data)|SMTP connection .*lost/);
  assert.doesNotMatch(server.log(), /<= half@site\.test/);
  half.close();
});

test('a client that says nothing is told so and cut off, at a command and within data', async () => {
  const silent = await SmtpClient.open(port, { localAddress: SLOW });
  assert.equal(await silent.reply(), '421 mail.site.test: SMTP command timeout - closing connection');
  assert.equal(await silent.reply(), '');
  const slow = await SmtpClient.open(port, { localAddress: SLOW });
  for (const line of ['EHLO client.test', 'MAIL FROM:<slow@site.test>', 'RCPT TO:<b@site.test>', 'DATA']) await slow.command(line);
  await slow.write('Subject: slow\r\n');
  assert.equal(await slow.reply(), '421 mail.site.test SMTP incoming data timeout - closing connection.');
  await waitFor('the connection ends', () => slow.isClosed);
  assert.match(server.log(), /SMTP command timeout on connection from \[127\.0\.0\.9\]/);
  assert.match(server.log(), /SMTP data timeout \(message abandoned\) on connection from \(client\.test\) \[127\.0\.0\.9\]/);
  assert.doesNotMatch(server.log(), /<= slow@site\.test/);
});

test('a bare LF within data becomes a space', async () => {
  const client = await SmtpClient.open(port);
  for (const line of ['EHLO client.test', 'MAIL FROM:<bare@site.test>', 'RCPT TO:<b@site.test>', 'DATA']) await client.command(line);
  await client.write('Subject: x\r\n\r\none\ntwo\r\n.\r\n');
  assert.match(await client.reply(), /^250 OK id=/);
  await client.quit();
  await waitFor('the message is delivered', () => place.maildir('mail/catch').some((text) => text.endsWith('\n\none two\n')));
});
