/** What has to hold on every configuration of this kind of site: the same tests run on our own text and on a how-to's. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { runCommand } from '../support/mail-server.ts';
import { SmtpClient, sendMail } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';
import { HOST, OUTSIDE, PASSWORD, type Site } from './site.ts';

const FROM = 'someone@sender.test';
const text = (subject: string) => `From: ${FROM}\nTo: list@sender.test\nSubject: ${subject}\n\nA line.\n.a dot\n`;

export async function testSite(context: TestContext, site: Site): Promise<void> {
  const { server, place, ports } = site;
  const outside = { localAddress: OUTSIDE };
  const inbox = (user: string, subject: string) =>
    waitFor(
      () => `message "${subject}" for ${user}\n${server.log()}\n${server.log('panic')}`,
      () => place.maildir(`mail/${user}`).find((message) => message.includes(`Subject: ${subject}`)),
    );

  await context.test('a local user gets a Maildir with three added lines', async () => {
    assert.match(await sendMail(ports.smtp, FROM, [`ale@${HOST}`], text('local'), outside), /^250 OK id=/);
    const message = await inbox('ale', 'local');
    assert.match(
      message,
      /^Return-path: <someone@sender\.test>\nEnvelope-to: ale@mail\.site\.test\nDelivery-date: .*\nReceived: from client\.sender\.test \(\[127\.0\.0\.5\] helo=client\.test\)\n\tby mail\.site\.test with esmtp /,
    );
    assert.ok(message.endsWith('\nA line.\n.a dot\n'), message);
    await server.waitForLog(/=> ale <ale@mail\.site\.test> R=localuser T=local_delivery$/);
    await server.waitForLog(/Completed$/);
    const folder = statSync(place.path('mail/ale/new'));
    assert.equal(folder.uid, place.account.uid);
  });

  await context.test('a suffix is the same user', async () => {
    assert.match(await sendMail(ports.smtp, FROM, [`ale+lists@${HOST}`, `ale-shop@${HOST}`], text('suffix'), outside), /^250 OK id=/);
    await waitFor('two messages', () => place.maildir('mail/ale').filter((message) => message.includes('Subject: suffix')).length === 2);
    await server.waitForLog(/=> ale <ale\+lists@mail\.site\.test> R=localuser T=local_delivery$/);
  });

  await context.test("an unknown user is refused with Exim's text", async () => {
    const client = await SmtpClient.open(ports.smtp, outside);
    await client.command('EHLO client.test');
    await client.command(`MAIL FROM:<${FROM}>`);
    assert.equal(await client.command(`RCPT TO:<nobody-here@${HOST}>`), '550 Unknown user');
    assert.equal(await client.command(`RCPT TO:<never@${HOST}>`), '550 gone away');
    assert.equal(await client.command(`RCPT TO:<ale@${HOST}>`), '250 Accepted');
    await client.quit();
    await server.waitForLog(
      /H=client\.sender\.test \(client\.test\) \[127\.0\.0\.5\] F=<someone@sender\.test> rejected RCPT <nobody-here@mail\.site\.test>: Unknown user$/,
    );
  });

  await context.test('an alias to several: two Maildirs and the other side of an MX record', async () => {
    assert.match(await sendMail(ports.smtp, FROM, [`all@${HOST}`], text('alias'), outside), /^250 OK id=/);
    await Promise.all([inbox('ale', 'alias'), inbox('ff', 'alias')]);
    const [message] = (await site.sink?.waitForMessages(1)) ?? [];
    assert.deepEqual(message?.recipients, ['someone@outside.test']);
    assert.equal(message.from, FROM);
    assert.ok(message.text.includes('\nSubject: alias\n') && message.text.endsWith('\n\nA line.\n.a dot\n'), message.text);
    await server.waitForLog(
      /=> someone@outside\.test <all@mail\.site\.test> R=dnslookup T=remote_smtp H=mx\.outside\.test \[127\.0\.0\.2\](:\d+)? C="250 OK/,
    );
    await server.waitForLog(/=> ff <all@mail\.site\.test> R=localuser T=local_delivery$/);
  });

  await context.test('an alias elsewhere', async () => {
    const before = site.sink?.messages.length ?? 0;
    assert.match(await sendMail(ports.smtp, FROM, [`faraway@${HOST}`], text('faraway'), outside), /^250 OK id=/);
    const messages = (await site.sink?.waitForMessages(before + 1)) ?? [];
    assert.deepEqual(messages.at(-1)?.recipients, ['someone@outside.test']);
  });

  await context.test('relaying needs authentication', async () => {
    assert.equal(await sendMail(ports.smtp, FROM, ['someone@outside.test'], text('relay'), outside), '550 relay not permitted');
    await server.waitForLog(/rejected RCPT <someone@outside\.test>: relay not permitted$/);
    await server.waitForLog(/rejected RCPT <someone@outside\.test>: relay not permitted$/, 'reject');
    assert.match(await sendMail(ports.smtp, FROM, ['someone@outside.test'], text('from this machine')), /^250 OK id=/);
  });

  await context.test('AUTH PLAIN with an MD5 hash, in the clear and under TLS', async () => {
    for (const isTls of [false, true]) {
      const client = await SmtpClient.open(ports.smtp, outside);
      assert.match(
        await client.command('EHLO client.test'),
        /^250-mail\.site\.test Hello client\.sender\.test \[127\.0\.0\.5\]\n(?:.*\n)*250-AUTH PLAIN\n(?:.*\n)*250-STARTTLS\n/,
      );
      if (isTls) assert.match(await client.startTls(), /\n250-AUTH PLAIN\n/);
      assert.equal(await client.authPlain('ff', 'wrong'), '535 Incorrect authentication data');
      assert.equal(await client.authPlain('nobody', PASSWORD), '535 Incorrect authentication data');
      assert.equal(await client.authPlain('ff', PASSWORD), '235 Authentication succeeded');
      assert.match(
        await client.send({ from: `ff@${HOST}`, to: ['someone@outside.test'], text: text(`authenticated ${isTls}`) }),
        /^250 OK id=/,
      );
      await client.quit();
    }
    await server.waitForLog(
      /plain_server authenticator failed for (?:H=)?client\.sender\.test \(client\.test\) \[127\.0\.0\.5\]: 535 Incorrect authentication data \(set_id=ff\)$/,
    );
    await server.waitForLog(
      /<= ff@mail\.site\.test H=client\.sender\.test \(client\.test\) \[127\.0\.0\.5\] P=esmtpa A=plain_server:ff S=\d+$/,
    );
    await server.waitForLog(
      /<= ff@mail\.site\.test H=client\.sender\.test \(client\.test\) \[127\.0\.0\.5\] P=esmtpsa X=TLS1\.3:TLS_AES_256_GCM_SHA384:256 A=plain_server:ff S=\d+$/,
    );
  });

  await context.test('the port with TLS from the start', async () => {
    const client = await SmtpClient.open(ports.smtps, { ...outside, isTlsOnConnect: true });
    const hello = await client.command('EHLO client.test');
    assert.match(hello, /\n250-AUTH PLAIN\n/);
    assert.doesNotMatch(hello, /STARTTLS/);
    assert.match(await client.send({ from: FROM, to: [`ff@${HOST}`], text: text('smtps') }), /^250 OK id=/);
    await client.quit();
    await inbox('ff', 'smtps');
    // A ClientHello may be there before the session looks.
    const clients = await Promise.all(Array.from({ length: 20 }, () => SmtpClient.open(ports.smtps, { ...outside, isTlsOnConnect: true })));
    for (const each of clients) await each.quit();
  });

  await context.test('swaks, where it is installed', async (swaks) => {
    const plain = ['--server', '127.0.0.1', '--local-interface', OUTSIDE, '--helo', 'client.test', '--from', FROM];
    const run = (...args: string[]) => runCommand('swaks', [...plain, ...args]);
    if ((await run('--version').catch(() => undefined))?.status !== 0) return swaks.skip('there is no swaks');
    const auth = ['--auth', 'PLAIN', '--auth-user', 'ale', '--auth-password', PASSWORD];
    const variants: readonly (readonly [string, readonly string[], string])[] = [
      ['plain', ['--port', String(ports.smtp)], `ff@${HOST}`],
      ['tls', ['--port', String(ports.smtp), '-tls'], `ff@${HOST}`],
      ['tlsc', ['--port', String(ports.smtps), '-tlsc'], `ff@${HOST}`],
      ['auth', ['--port', String(ports.smtp), ...auth], 'someone@outside.test'],
      ['tls and auth', ['--port', String(ports.smtp), '-tls', ...auth], 'someone@outside.test'],
    ];
    for (const [name, args, to] of variants) {
      const { status, stdout } = await run(...args, '--to', to, '--header', `Subject: swaks ${name}`);
      assert.equal(status, 0, stdout);
    }
    const relay = await run('--port', String(ports.smtp), '-tls', '--to', 'someone@outside.test');
    assert.match(relay.stdout, /<~\* 550 relay not permitted/);
    for (const name of ['plain', 'tls', 'tlsc']) await inbox('ff', `swaks ${name}`);
  });

  await context.test('a host that is down: queued, listed, delivered when it is back', async () => {
    await site.stopSink();
    const answer = await sendMail(ports.smtp, `ale@${HOST}`, ['late@outside.test'], text('late'));
    const id = /^250 OK id=(\S+)$/.exec(answer)?.[1] ?? '';
    await server.waitForLog(new RegExp(`${id} == late@outside\\.test R=dnslookup T=remote_smtp defer \\(111\\): Connection refused`));
    const listed = await server.exim(['-bp']);
    assert.match(listed.stdout, new RegExp(`^ *0m +\\S+ ${id} <ale@mail\\.site\\.test>\\n +late@outside\\.test\\n\\n$`, 'm'));
    assert.equal((await server.exim(['-bpc'])).stdout, '1\n');
    const sink = await site.startSink();
    // Not yet due: the retry rule says 15 minutes.
    await server.exim(['-q']);
    assert.equal(sink.messages.length, 0);
    await server.exim(['-qf']);
    const [message] = await sink.waitForMessages(1);
    assert.deepEqual(message?.recipients, ['late@outside.test']);
    await server.waitForLog(new RegExp(`${id} Completed`));
    assert.equal((await server.exim(['-bp'])).stdout, '');
  });

  await context.test('a permanent failure bounces to the sender', async () => {
    await site.stopSink();
    await site.startSink((verb, line) => (verb === 'RCPT' && line.includes('refused') ? '550 5.1.1 nobody of that name' : undefined));
    const answer = await sendMail(ports.smtp, `ff@${HOST}`, ['refused@outside.test', 'taken@outside.test'], text('bounces'));
    const id = /^250 OK id=(\S+)$/.exec(answer)?.[1] ?? '';
    const bounce = await waitFor(
      () => server.log(),
      () => place.maildir('mail/ff').find((message) => message.includes('Subject: Mail delivery failed: returning message to sender')),
    );
    assert.match(bounce, /^Return-path: <>\n/);
    assert.match(bounce, /\nFrom: Mail Delivery System <Mailer-Daemon@mail\.site\.test>\n/);
    assert.match(bounce, /\nX-Failed-Recipients: refused@outside\.test\n/);
    assert.match(
      bounce,
      /\n {4}SMTP error from remote mail server after RCPT\s+TO:<refused@outside\.test>:\s+550 5\.1\.1 nobody of that name\n/,
    );
    assert.match(bounce, /\nFinal-Recipient: rfc822;refused@outside\.test\nStatus: 5\.0\.0\n/);
    await server.waitForLog(
      new RegExp(
        `${id} \\*\\* refused@outside\\.test R=dnslookup T=remote_smtp H=mx\\.outside\\.test \\[127\\.0\\.0\\.2\\] : SMTP error from remote mail server after RCPT TO:<refused@outside\\.test>: 550 5\\.1\\.1 nobody of that name$`,
      ),
    );
    await server.waitForLog(new RegExp(`<= <> R=${id} U=${place.account.name} P=local S=\\d+$`));
    await site.sink?.waitForMessages(1);
    assert.equal(server.log('panic'), '');
  });
}
