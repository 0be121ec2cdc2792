/**
 * What the other side of a connection may try: smuggled messages, commands or replies in front of TLS, names that are JavaScript's own,
 * expansions in addresses, line ends in ESMTP parameters. A daemon on real sockets takes it all; what arrives shows what was made of it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';
import { waitFor } from '../e2e/support/wait.ts';

/** Clients from here are not checked for sending too early. */
const HASTY = '127.0.0.8';

const place = new Place('security');
const [port = 0, remotePort = 0] = await freePorts(2);
const pem = place.certificate('etc/mail.pem', 'mail.site.test');
/** In lower case, as local parts become. */
const marker = join(tmpdir(), `eximius-executed-${process.pid}`);
/** As a local part, a HELO name, a header: what must never run. */
const RUN = `\${run{/usr/bin/touch ${marker}}}`;
const server = new MailServer(place, configText());

function configText(): string {
  return `${placeOptions(place, {
    primary_hostname: 'mail.site.test',
    daemon_smtp_ports: port,
    tls_advertise_hosts: '*',
    tls_certificate: pem,
    dsn_advertise_hosts: '*',
    helo_accept_junk_hosts: '*',
    smtp_accept_max_nonmail: 100_000,
    acl_smtp_connect: 'connect',
    acl_smtp_mailauth: 'accept',
    acl_smtp_rcpt: 'rcpt',
    acl_smtp_data: 'data',
  })}
begin acl
connect:
  accept hosts = ${HASTY}
         control = no_enforce_sync
  accept
rcpt:
  accept local_parts = keep
         control = queue
  accept message = $local_part at $domain from $sender_helo_name
data:
  accept add_header = X-Seen: $h___proto__: $h_constructor: $h_subject: $sender_address
begin routers
gone:
  driver = redirect
  domains = gone.test
  allow_fail
  data = :fail: $local_part is gone
away:
  driver = manualroute
  domains = away.test
  route_list = * 127.0.0.1
  self = send
  transport = remote
catch:
  driver = accept
  transport = maildir
begin transports
remote:
  driver = smtp
  port = ${remotePort}
  hosts_require_tls = *
maildir:
  driver = appendfile
  directory = ${place.path('mail/catch')}
  maildir_format
  envelope_to_add
  return_path_add
  user = ${place.account.name}
`;
}

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
  rmSync(marker, { force: true });
});

async function begin(helo = 'client.test'): Promise<SmtpClient> {
  const client = await SmtpClient.open(port);
  assert.match(await client.command(`EHLO ${helo}`), /^250/);
  return client;
}

/** The delivered message with this in it. */
function delivered(part: string): Promise<string> {
  return waitFor(`a message with ${part}`, () => place.maildir('mail/catch').find((text) => text.includes(part)));
}

test('nothing but CRLF.CRLF ends a message whose first line ended with CRLF', async () => {
  const ends = ['\r\n', '\n', '\r', '\n\r', '\r\r\n', '\r\0\n', ''];
  let count = 0;
  for (const [row, first] of ends.entries()) {
    const client = await begin();
    for (const [column, second] of ends.entries()) {
      if (`${first}.${second}`.includes('\r\n.\r\n')) continue;
      count++;
      const name = `matrix-${row}-${column}`;
      for (const line of [`MAIL FROM:<${name}@site.test>`, 'RCPT TO:<a@site.test>', 'DATA']) await client.command(line);
      const smuggled = 'MAIL FROM:<smuggled@site.test>\r\nRCPT TO:<b@site.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx';
      await client.write(`Subject: ${name}\r\n\r\nbody${first}.${second}${smuggled}\r\n.\r\n`);
      assert.match(await client.reply(), /^250 OK id=/, name);
      assert.equal(await client.command('NOOP'), '250 OK', name);
    }
    assert.equal(await client.command('QUIT'), '221 mail.site.test closing connection');
    client.close();
  }
  assert.equal(server.log().match(/<= matrix-/g)?.length, count);
  assert.doesNotMatch(server.log(), /<= smuggled/);
});

test('a message ends where it ends: what is pipelined behind it is commands, once', async () => {
  const client = await begin();
  for (const line of ['MAIL FROM:<a@site.test>', 'RCPT TO:<a@site.test>', 'DATA']) await client.command(line);
  await client.write('Subject: x\r\n\r\n..\r\n.\r\nNOOP\r\n');
  assert.match(await client.reply(), /^250 OK id=/);
  assert.equal(await client.reply(), '250 OK');
  await client.quit();
});

test('what came before TLS is no command after it', async () => {
  const early = 'MAIL FROM:<early@site.test>\r\nRCPT TO:<a@site.test>\r\n';
  const checked = await begin();
  await checked.write(`STARTTLS\r\n${early}`);
  assert.equal(await checked.reply(), '554 SMTP synchronization error');
  assert.equal(await checked.reply(), '');
  checked.close();
  const unchecked = await SmtpClient.open(port, { localAddress: HASTY });
  await unchecked.command('EHLO client.test');
  await unchecked.write(`STARTTLS\r\n${early}`);
  assert.match(await unchecked.reply(), /^220 /);
  const secure = new Promise<TLSSocket>((resolve, reject) => {
    const plain = unchecked.socket
      .removeAllListeners('data')
      .removeAllListeners('end')
      .removeAllListeners('error')
      .removeAllListeners('close');
    const socket = connect({ socket: plain, rejectUnauthorized: false });
    socket.once('error', reject).once('secureConnect', () => resolve(socket));
  });
  const client = new SmtpClient(await secure);
  assert.match(await client.command('EHLO client.test'), /^250-mail\.site\.test Hello/);
  assert.equal(await client.command('RCPT TO:<a@site.test>'), '503 sender not yet given');
  await client.quit();
});

test('what a server said before TLS is no answer after it', async () => {
  const remote = await startInjector(remotePort);
  try {
    const client = await begin();
    const answer = await client.send({ from: 'a@site.test', to: ['x@away.test'], text: 'Subject: away\n\nx\n' });
    await client.quit();
    const id = /id=(\S+)/.exec(answer)?.[1];
    const fate = await server.waitForLog(new RegExp(`${id} (?:=>|==|\\*\\*) x@away\\.test`));
    assert.doesNotMatch(fate[0], /injected/);
    assert.doesNotMatch(fate[0], / \*\* /);
  } finally {
    await new Promise((resolve) => remote.close(resolve));
  }
});

/** A server whose permission to begin TLS comes with refusals of everything that follows; within TLS it takes everything. */
function startInjector(listenPort: number): Promise<Server> {
  const secureContext = createSecureContext({ key: readFileSync(pem), cert: readFileSync(pem) });
  const answer = (socket: Socket, onStartTls: () => void) => {
    let isData = false;
    socket
      .on('error', () => socket.destroy())
      .on('data', (bytes: Buffer) => {
        for (const line of bytes.toString('latin1').split('\r\n')) {
          const verb = line.slice(0, 4).toUpperCase();
          if (isData && line !== '.') continue;
          if (verb === 'EHLO') socket.write('250-away.test\r\n250 STARTTLS\r\n');
          else if (verb === 'STAR') return onStartTls();
          else if (verb === 'DATA') {
            isData = true;
            socket.write('354 go on\r\n');
          } else if (verb === 'QUIT') socket.end('221 bye\r\n');
          else if (line !== '') {
            isData = false;
            socket.write('250 taken\r\n');
          }
        }
      });
  };
  const injector = createServer((plain) => {
    answer(plain, () => {
      plain.removeAllListeners('data');
      plain.write(`220 go on\r\n${'550 injected\r\n'.repeat(6)}`);
      answer(new TLSSocket(plain, { isServer: true, secureContext }), () => {});
    });
    plain.write('220 away.test\r\n');
  });
  return new Promise((resolve) => injector.listen(listenPort, '127.0.0.1', () => resolve(injector)));
}

test("names of JavaScript's own objects are names like others", async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
  for (const name of names) {
    const domain = name.includes('_') ? 'site.test' : name; // no underscores in domains
    const client = await begin(name);
    await client.command(`MAIL FROM:<${name}@${domain}>`);
    const answer = await client.command(`RCPT TO:<${name}@${domain}>`);
    assert.equal(answer, `250 ${name.toLowerCase()} at ${domain.toLowerCase()} from ${name}`);
    await client.command('DATA');
    const headers = names.map((header) => `${header}: of-${name}-${header}\r\n`).join('');
    await client.write(`${headers}Subject: name ${name}\r\n\r\nx\r\n.\r\n`);
    assert.match(await client.reply(), /^250 OK id=/);
    await client.quit();
    const text = await delivered(`Subject: name ${name}\n`);
    for (const header of names) assert.ok(text.includes(`\n${header}: of-${name}-${header}\n`), text);
    assert.ok(text.includes(`\nX-Seen: of-${name}-__proto__ of-${name}-constructor name ${name} ${name}@${domain}\n`), text);
    assert.ok(text.includes(`\nEnvelope-to: ${name}@${domain}\n`), text);
  }
});

test('expansions in addresses, names and headers are text, also in a bounce', async () => {
  const control = place.path('mail/control');
  await server.exim(['-be', `\${run{/usr/bin/touch ${control}}}`]);
  assert.ok(existsSync(control), 'what is tested would run');
  const client = await begin(RUN);
  assert.equal(await client.command(`MAIL FROM:<"${RUN}"@site.test>`), '250 OK');
  const answer = await client.command(`RCPT TO:<"${RUN}"@site.test>`);
  assert.equal(answer.replaceAll(/\n?250[ -]/g, ' '), ` ${RUN.toLowerCase()} at site.test from ${RUN}`);
  assert.match(await client.command(`RCPT TO:<"${RUN}"@gone.test>`), /^250-/);
  await client.command('DATA');
  await client.write(`Subject: expand ${RUN}\r\nFrom: "${RUN}" <"${RUN}"@site.test>\r\n\r\nx\r\n.\r\n`);
  assert.match(await client.reply(), /^250 OK id=/);
  await client.quit();
  assert.ok((await delivered(`Subject: expand ${RUN}`)).startsWith('Return-path: '));
  await delivered('Subject: Mail delivery failed');
  assert.equal(existsSync(marker), false);
});

test('no ESMTP parameter makes a line of -H', async () => {
  const injections = [
    '+0A-injected',
    '+0D+0A-injected',
    'x+0A+0A-injected',
    '\r-injected',
    '\x0b-injected',
    '+00-injected',
    ' -injected',
    '+0a--aclc _x 1',
  ];
  const parameters: readonly ((text: string) => readonly [string, string])[] = [
    (text) => [`AUTH=${text}`, ''],
    (text) => [`ENVID=${text}`, ''],
    (text) => [`RET=${text}`, ''],
    (text) => [`SIZE=${text}`, ''],
    (text) => [`BODY=${text}`, ''],
    (text) => ['', `ORCPT=rfc822;${text}`],
    (text) => ['', `ORCPT=${text}`],
    (text) => ['', `NOTIFY=${text}`],
  ];
  let accepted = 0;
  for (const parameter of parameters) {
    for (const injection of injections) {
      const [ofMail, ofRcpt] = parameter(injection);
      const client = await begin();
      const replies = [
        await client.command(`MAIL FROM:<a@site.test> ${ofMail}`),
        await client.command(`RCPT TO:<keep@site.test> ${ofRcpt}`),
      ];
      if (replies.every((reply) => reply.startsWith('250'))) {
        await client.command('DATA');
        await client.write('Subject: x\r\n\r\nx\r\n.\r\n');
        assert.match(await client.reply(), /^250 OK id=/);
        accepted++;
      }
      await client.quit();
    }
  }
  assert.ok(accepted > 0, 'some of them are only text');
  const folder = place.path('spool/input');
  const files = readdirSync(folder, { recursive: true, encoding: 'latin1' }).filter((name) => name.endsWith('-H'));
  assert.equal(files.length, accepted);
  for (const file of files) assert.doesNotMatch(readFileSync(`${folder}/${file}`, 'latin1'), /^-(?:injected|-aclc _x)/m, file);
});
