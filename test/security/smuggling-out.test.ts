/**
 * What we send to others: whatever a message holds, its lines end with CRLF and nothing else, no CR or LF stands alone, and only the end of the message looks like one. Commands come
 * from one address each, also from one that was quoted. CVE-2023-51766, the sending side.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';
import { waitFor } from '../e2e/support/wait.ts';

const place = new Place('smuggling-out');
const [port = 0, remotePort = 0] = await freePorts(2);
/** All octets of each connection that came. */
const received: Buffer[][] = [];
let remote: Server;

const server = new MailServer(
  place,
  `${placeOptions(place, { daemon_smtp_ports: port, primary_hostname: 'mail.site.test', acl_smtp_rcpt: 'accept' })}
begin routers
away:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = remote
begin transports
remote:
  driver = smtp
  port = ${remotePort}
  hosts_avoid_tls = *
  connection_max_messages = 1
`,
);

before(async () => {
  remote = createServer((socket) => {
    const chunks: Buffer[] = [];
    received.push(chunks);
    let isData = false;
    let pending = '';
    socket
      .on('error', () => socket.destroy())
      .on('data', (bytes: Buffer) => {
        chunks.push(bytes);
        pending += bytes.toString('latin1');
        for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
          const line = pending.slice(0, end);
          pending = pending.slice(end + 2);
          if (isData && line !== '.') continue;
          isData = line === 'DATA';
          socket.write(isData ? '354 go\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
        }
      });
    socket.write('220 away.test\r\n');
  });
  await new Promise<void>((resolve) => remote.listen(remotePort, '127.0.0.1', resolve));
  await server.start();
});

after(async () => {
  await server.stop();
  remote.close();
  place.remove();
});

const bodies = [
  'a\r.\r\nQUIT\r\n',
  'a\n.\nMAIL FROM:<smuggled@site.test>\n',
  'a\r\n.\rMAIL FROM:<smuggled@site.test>\r\n',
  'a\r\n\r.\r\n',
  '.\n..\n...\n.x\n',
  '\r\r\r',
  'a\0\r\0\n.\0\n',
  'no end of a line',
  'x\r\n.\n\r.\r\n.\r',
  '.',
];

test('lines end with CRLF, and the message where it ends', async () => {
  for (const body of bodies) {
    for (const way of ['-bm', 'smtp'] as const) {
      const before = received.length;
      if (way === '-bm') await server.exim(['-odi', '-i', 'x@away.test'], { input: `Subject: x\n\n${body}` });
      else {
        const client = await SmtpClient.open(port);
        for (const line of ['EHLO client.test', 'MAIL FROM:<a@site.test>', 'RCPT TO:<x@away.test>']) await client.command(line);
        const octets = `Subject: x\r\n\r\n${body}`;
        await client.write(`BDAT ${octets.length} LAST\r\n${octets}`);
        assert.match(await client.reply(), /250 OK id=/);
        await client.quit();
      }
      const text = await waitFor('the message', () => {
        const whole = Buffer.concat(received[before] ?? []).toString('latin1');
        return whole.endsWith('QUIT\r\n') && whole;
      });
      assert.doesNotMatch(text.replaceAll('\r\n', ''), /[\r\n]/, JSON.stringify(text));
      const data = text.slice(text.indexOf('DATA\r\n'));
      assert.equal(data.indexOf('\r\n.\r\n'), data.length - '\r\n.\r\nQUIT\r\n'.length, JSON.stringify(text));
      assert.equal(
        text.match(/^(?:MAIL|RCPT|DATA|QUIT)/gm)?.length,
        4 + (/^QUIT|^MAIL/m.test(body.replaceAll('\r', '\n')) ? 1 : 0),
        JSON.stringify(text),
      );
    }
  }
});

test('addresses are one line each', async () => {
  for (const address of ['"a b"@site.test', '"a\\"b"@site.test', '"a\\\\"@site.test', '"x> SIZE=1 <y"@site.test', '"\x01\x7f"@site.test']) {
    const before = received.length;
    const client = await SmtpClient.open(port);
    await client.command('EHLO client.test');
    const answers = [await client.command(`MAIL FROM:<${address}>`), await client.command('RCPT TO:<x@away.test>')];
    if (answers.every((answer) => answer.startsWith('250'))) {
      await client.command('DATA');
      await client.write('Subject: x\r\n\r\nx\r\n.\r\n');
      assert.match(await client.reply(), /^250 OK id=/);
      const text = await waitFor('the message', () => {
        const whole = Buffer.concat(received[before] ?? []).toString('latin1');
        return whole.endsWith('QUIT\r\n') && whole;
      });
      assert.ok(text.includes(`\r\nMAIL FROM:<${address}>`), JSON.stringify(text));
    }
    await client.quit();
  }
});
