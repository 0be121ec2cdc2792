/** Debian's generated configurations for an internet site and behind a smarthost, where they are beside the repository; changed are only paths. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { keyRecord, privatePem } from '../../../src/checks/dkim/signing-fixture.ts';
import { DnsServer } from '../support/dns-server.ts';
import { readText, replaceAll } from '../support/how-to.ts';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, localUser, Place, sharedFile } from '../support/place.ts';
import { sendMail } from '../support/smtp-client.ts';
import { SmtpSink } from '../support/smtp-sink.ts';
import { waitFor } from '../support/wait.ts';

type Kind = 'internet' | 'smarthost';

const HOST = 'mail.example.test';
const FROM = 'someone@sender.test';
const SINK_ADDRESS = '127.0.0.2';
const user = localUser();

for (const kind of ['internet', 'smarthost'] as const) {
  const path = sharedFile(`configs/deb-${kind}/exim.conf`);
  test(`Debian's configuration, type ${kind}`, { skip: path ? false : 'the configuration is not here' }, async (context) => {
    const site = await DebianSite.make(kind, readText(path ?? ''));
    try {
      await testSite(context, site);
    } finally {
      await site.stop();
    }
  });
}

class DebianSite {
  readonly kind: Kind;
  readonly place: Place;
  readonly server: MailServer;
  readonly dns: DnsServer;
  readonly sink: SmtpSink;
  readonly port: number;

  constructor(kind: Kind, text: string, place: Place, dns: DnsServer, sink: SmtpSink, port: number) {
    this.kind = kind;
    this.place = place;
    this.dns = dns;
    this.sink = sink;
    this.port = port;
    place.file(
      'etc/aliases',
      `root: ${user.name}\npostmaster: root\nteam: ${user.name}, someone@outside.test\ngone: :fail: no longer here\n`,
    );
    place.file('etc/email-addresses', `${user.name}: known.as@outside.test\n`);
    // What an administrator sets in front of the generated part, and what Debian's program has compiled in.
    const macros = {
      CONFDIR: place.path('etc'),
      SPOOLDIR: place.path('spool'),
      ROUTER_DNSLOOKUP_IGNORE_TARGET_HOSTS: '<; 0.0.0.0 ; 127.0.0.1',
      DCsmarthost: `${SINK_ADDRESS}::${sink.port}`,
      MAIN_LOCAL_INTERFACES: '127.0.0.1',
      // The sink's certificate is self-signed.
      REMOTE_SMTP_SMARTHOST_TLS_VERIFY_HOSTS: '',
      DKIM_DOMAIN: 'sender.test',
      DKIM_SELECTOR: 'sel',
      DKIM_PRIVATE_KEY: place.file('etc/dkim.pem', privatePem('ed25519')),
    };
    const lines = Object.entries(macros).map(([name, value]) => `${name} = ${value}\n`);
    const options = placeOptions(place, {
      dns_servers: dns.server,
      primary_hostname: HOST,
      daemon_smtp_ports: port,
      spool_directory: undefined,
      keep_environment: undefined,
      local_interfaces: undefined,
    });
    const paths = replaceAll(text, [
      ['/etc/aliases', place.path('etc/aliases')],
      ['/etc/email-addresses', place.path('etc/email-addresses')],
      ['/var/mail/', place.path('mail/')],
      ['  driver = smtp\n.ifdef REMOTE_SMTP_HOSTS_AVOID_TLS', `  driver = smtp\n  port = ${sink.port}\n.ifdef REMOTE_SMTP_HOSTS_AVOID_TLS`],
    ]);
    this.server = new MailServer(place, lines.join('') + options + paths);
  }

  static async make(kind: Kind, text: string): Promise<DebianSite> {
    const [port = 0] = await freePorts(1);
    const dns = await DnsServer.start({
      'outside.test': ['MX 10 mx.outside.test'],
      'mx.outside.test': [`A ${SINK_ADDRESS}`],
      'sender.test': ['MX 10 mx.outside.test'],
    });
    const place = new Place(`debian-${kind}`);
    const pem = readText(place.certificate('etc/sink.pem', 'sink.test'));
    const sink = await SmtpSink.start({ host: SINK_ADDRESS, pem, auth: true });
    return new DebianSite(kind, text, place, dns, sink, port);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.sink.stop();
    await this.dns.stop();
    this.place.remove();
  }
}

async function dkimResults(text: string): Promise<unknown[]> {
  const { results } = await dkimVerify(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'), {
    resolver: async () => [[keyRecord('ed25519')]],
  });
  return results.map(({ status }) => status.result);
}

async function testSite(context: TestContext, site: DebianSite): Promise<void> {
  const { server, place, sink, kind, port } = site;
  const isSmarthost = kind === 'smarthost';
  const text = (subject: string) => `From: ${FROM}\nTo: list@sender.test\nSubject: ${subject}\n\nA line.\n`;

  await context.test('-bV reads it without a word', async () => {
    const { status, stdout, stderr } = await server.exim(['-bV']);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^Exim version 4\.99 /);
  });

  await context.test('-bt', async () => {
    const { status, stdout } = await server.exim([
      '-bt',
      `${user.name}@${HOST}`,
      'root',
      `gone@${HOST}`,
      `nobody-here@${HOST}`,
      'x@outside.test',
    ]);
    assert.equal(status, 2);
    const remote = isSmarthost
      ? `router = smarthost, transport = remote_smtp_smarthost\n  host ${SINK_ADDRESS} [${SINK_ADDRESS}] port=${sink.port}\n`
      : `router = dnslookup, transport = remote_smtp\n  host mx.outside.test [${SINK_ADDRESS}] MX=10\n`;
    assert.equal(
      stdout,
      `${user.name}@${HOST}\n  router = local_user, transport = mail_spool\n` +
        `${user.name}@${HOST}   [duplicate, would not be delivered]\n    <-- root@${HOST}\n  router = local_user, transport = mail_spool\n` +
        `gone@${HOST} is undeliverable: no longer here\n` +
        `nobody-here@${HOST} is undeliverable: Unrouteable address\n` +
        `x@outside.test\n  ${remote}`,
    );
  });

  await context.test('-bh', async () => {
    const input = [
      'EHLO client.test',
      `MAIL FROM:<${FROM}>`,
      `RCPT TO:<${user.name}@${HOST}>`,
      'RCPT TO:<x@outside.test>',
      `RCPT TO:<a&b@${HOST}>`,
      `RCPT TO:<nobody-here@${HOST}>`,
      'RCPT TO:<postmaster@localhost>',
      'DATA',
      ...text('rehearsed').split('\n'),
      '.',
      'QUIT',
      '',
    ];
    const { stdout } = await server.exim(['-bh', '192.0.2.7'], { input: input.join('\r\n') });
    const replies = stdout
      .split('\n')
      .filter((line) => /^\d{3} /.test(line))
      .map((line) => line.trimEnd());
    assert.deepEqual(replies.slice(1, -2), [
      '250 HELP',
      '250 OK',
      '250 Accepted',
      '550 relay not permitted',
      '550 restricted characters in address',
      '550 Unrouteable address',
      '250 Accepted',
      '354 Enter message, ending with "." on a line by itself',
    ]);
    assert.match(replies.at(-2) ?? '', /^250 OK id=/);
    assert.equal(replies.at(-1), `221 ${HOST} closing connection`);
  });

  await context.test('local delivery, by way of an alias', async () => {
    await server.start();
    assert.match(await sendMail(port, FROM, ['postmaster@localhost'], text('local')), /^250 OK id=/);
    const mailbox = () => place.read(`mail/${user.name}`);
    await waitFor(
      () => `the message\n${server.log()}\n${server.log('panic')}`,
      () => mailbox().includes('Subject: local'),
    );
    assert.match(
      mailbox(),
      /^From someone@sender\.test .*\nReturn-path: <someone@sender\.test>\nEnvelope-to: postmaster@localhost\nDelivery-date: .*\nReceived: from /,
    );
    await server.waitForLog(new RegExp(`=> ${user.name} <postmaster@localhost> R=local_user T=mail_spool$`));
  });

  await context.test(isSmarthost ? 'everything else to the smarthost, with AUTH under TLS' : 'other domains to their MX', async () => {
    if (isSmarthost) place.file('etc/passwd.client', '*:mailer:pass^word\n');
    assert.match(
      await sendMail(port, FROM, ['x@outside.test', 'y@elsewhere.test'].slice(0, isSmarthost ? 2 : 1), text('remote')),
      /^250 OK id=/,
    );
    const [message] = await sink.waitForMessages(1);
    assert.equal(message?.isTls, true);
    // Debian signs where a message goes to its MX
    assert.deepEqual(await dkimResults(message.text), isSmarthost ? ['none'] : ['pass']);
    assert.deepEqual(message.recipients, isSmarthost ? ['x@outside.test', 'y@elsewhere.test'] : ['x@outside.test']);
    assert.equal(message.user, isSmarthost ? 'mailer' : undefined);
    await server.waitForLog(
      isSmarthost
        ? /[-=]> y@elsewhere\.test R=smarthost T=remote_smtp_smarthost H=127\.0\.0\.2 \[127\.0\.0\.2\](:\d+)? X=\S+ CV=no DN="\/CN=sink\.test" A=plain C="250 OK/
        : /=> x@outside\.test R=dnslookup T=remote_smtp H=mx\.outside\.test \[127\.0\.0\.2\] X=\S+ CV=no/,
    );
  });

  await context.test('a message from the command line gets the sender of email-addresses', async () => {
    const before = sink.messages.length;
    const sent = await server.exim(['-f', `${user.name}@${HOST}`, '-t'], {
      calledAs: 'sendmail',
      input: `From: ${user.name}\nTo: x@outside.test\nSubject: submitted\n\nA line.\n`,
    });
    assert.deepEqual([sent.status, sent.stderr], [0, '']);
    const message = (await sink.waitForMessages(before + 1)).at(-1);
    assert.equal(message?.from, 'known.as@outside.test');
    assert.match(message.text, /\nFrom: (.* <)?known\.as@outside\.test>?\n/);
    await waitFor('an empty queue', async () => (await server.exim(['-bpc'])).stdout === '0\n');
    assert.equal(server.log('panic'), '');
  });
}
