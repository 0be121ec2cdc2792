/**
 * The ArchWiki's configuration, put together from the page in its order where the page is beside the repository: MX records or a smarthost, mbox or
 * Maildir, passwords in a dbm file, everything logged, to files and syslog.
 */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DnsServer } from '../support/dns-server.ts';
import { passage, readText, replaceAll } from '../support/how-to.ts';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place, sharedFile } from '../support/place.ts';
import { SmtpClient, sendMail } from '../support/smtp-client.ts';
import { SmtpSink } from '../support/smtp-sink.ts';
import { waitFor } from '../support/wait.ts';

const page = sharedFile('seeds/003_b5b7494b6fc7244e.txt');
const skip = page ? false : 'the page is not here';

const HOST = 'hostname.mydomain.tld';
const FROM = 'someone@sender.test';
const SINK_ADDRESS = '127.0.0.2';
const text = (subject: string) => `From: ${FROM}\nTo: list@sender.test\nSubject: ${subject}\n\nA line.\nFrom here on\n`;

interface Variant {
  readonly remote: 'dnslookup' | 'smarthost';
  readonly mailbox: 'mbox' | 'maildir';
  /** The line behind which the page has a comment (it is read as options). */
  readonly keepsComment?: boolean;
}

class WikiSite {
  readonly place = new Place('s3');
  readonly server: MailServer;
  readonly dns: DnsServer;
  readonly ports: readonly [number, number, number];
  sink: SmtpSink | undefined;

  constructor(variant: Variant, dns: DnsServer, ports: readonly [number, number, number]) {
    this.dns = dns;
    this.ports = ports;
    const { place } = this;
    place.certificate('etc/exim.pem', HOST);
    place.file('syslog', '', 0o666);
    const header = placeOptions(place, { dns_servers: dns.server, primary_hostname: HOST, log_file_path: undefined });
    this.server = new MailServer(place, header + assemble(readText(page ?? ''), variant, place, ports), {
      program: join(import.meta.dirname, 'syslog-program.ts'),
      environment: { SYSLOG_FILE: place.path('syslog') },
    });
  }

  static async make(variant: Variant): Promise<WikiSite> {
    const [smtp = 0, submission = 0, mx = 0] = await freePorts(3);
    const dns = await DnsServer.start({
      'outside.test': ['MX 10 mx.outside.test'],
      'mx.outside.test': [`A ${SINK_ADDRESS}`],
      'smtp.myisp.com': [`A ${SINK_ADDRESS}`],
      '5.0.0.127.in-addr.arpa': ['PTR client.sender.test'],
      'client.sender.test': ['A 127.0.0.5'],
    });
    return new WikiSite(variant, dns, [smtp, submission, mx]);
  }

  async startSink(reply?: (verb: string, line: string) => string | undefined): Promise<SmtpSink> {
    this.sink = await SmtpSink.start({ port: this.ports[2], host: SINK_ADDRESS, ...(reply ? { reply } : {}) });
    return this.sink;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.sink?.stop();
    await this.dns.stop();
    this.place.remove();
  }
}

/** The page's passages; the ACLs come before the first section, as the page says. */
function assemble(source: string, variant: Variant, place: Place, [smtp, submission, mx]: readonly [number, number, number]): string {
  const main = passage(source, 'Using solely those options', 'TLS, security');
  const security = passage(source, 'This example of an authentificator', 'Note: Exim loads certificate');
  const [options = '', authenticators = ''] = security.split(/^(?=begin authenticators)/m);
  const routing = passage(source, 'If transport fails or not all conditions', 'Use manualroute');
  const access = passage(source, "Don't use the following example in a production", 'Hide machine name');
  const smarthost = passage(source, 'comment out the dnslookup block', 'ACL: Access Control Lists');
  const whole = [
    main,
    options,
    access,
    authenticators,
    variant.remote === 'smarthost' ? useSmarthost(routing, smarthost, variant) : routing,
  ].join('\n');
  const paths = replaceAll(whole, [
    ['daemon_smtp_ports = 25 : 587', `daemon_smtp_ports = ${smtp} : ${submission}`],
    ['{$received_port}{25}', `{$received_port}{${smtp}}`],
    ['/path/to/exim/only/fullchain.pem', place.path('etc/exim.pem')],
    ['/path/to/exim/only/privkey.pem', place.path('etc/exim.pem')],
    ['/etc/authpwd', place.path('etc/authpwd')],
    ['file = /var/mail/', `file = ${place.path('mail/')}`],
    ['127.0.0.0/8', '127.0.0.1'],
    [/remote_delivery:\n\s*driver = smtp\n/, (lines) => `${lines}\t\tport = ${mx}\n`],
  ]);
  return variant.mailbox === 'mbox'
    ? paths
    : replaceAll(paths, [[/^\t\tfile = (.*)$/m, (_line, name) => `\t\tdirectory = ${name}\n\t\tmaildir_format`]]);
}

function useSmarthost(routing: string, block: string, variant: Variant): string {
  const [, smarthost = ''] = block.split(/^(?=smarthost:)/m);
  const text = variant.keepsComment ? smarthost : replaceAll(smarthost, [[/ +# change to the desired smtp server/, '']]);
  return replaceAll(routing, [[/^\t# that's the relay router\n(?:.*\n)*?(?=\t# local delivery\n)/m, `${text}\n`]]);
}

test('with MX records, to mbox', { skip }, (context) => runSite(context, { remote: 'dnslookup', mailbox: 'mbox' }));
test('with a smarthost, to Maildir', { skip }, (context) => runSite(context, { remote: 'smarthost', mailbox: 'maildir' }));

test("the page's comment behind route_list defers every address", { skip }, async () => {
  const site = await WikiSite.make({ remote: 'smarthost', mailbox: 'mbox', keepsComment: true });
  try {
    const { status, stdout } = await site.server.exim(['-bt', 'someone@outside.test']);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^someone@outside\.test cannot be resolved at this time: error in router: unknown routing option or transport name "#"/,
    );
  } finally {
    await site.stop();
  }
});

async function runSite(context: TestContext, variant: Variant): Promise<void> {
  const site = await WikiSite.make(variant);
  try {
    await testSite(context, site, variant);
  } finally {
    await site.stop();
  }
}

async function testSite(context: TestContext, site: WikiSite, variant: Variant): Promise<void> {
  const { server, place, ports } = site;
  const [smtp, submission] = ports;
  const outside = { localAddress: '127.0.0.5' };
  const route =
    variant.remote === 'smarthost'
      ? 'R=smarthost T=remote_delivery S=\\d+ H=smtp\\.myisp\\.com'
      : 'R=dnslookup T=remote_delivery S=\\d+ H=mx\\.outside\\.test';
  const log = () => place.read('spool/log/mainlog');
  const logged = (pattern: string) =>
    waitFor(
      () => `${pattern} in ${log()}\n${place.read('spool/log/paniclog')}`,
      () => new RegExp(`^.*${pattern}.*$`, 'm').exec(log())?.[0],
    );
  const mailbox = () => (variant.mailbox === 'mbox' ? place.read('mail/joe') : place.maildir('mail/joe').join('\n'));

  await context.test('passwords in a dbm file', async () => {
    place.file('etc/authpwd.source', 'joe: its-me\nother: something\n');
    const made = await server.run('exim_dbmbuild', [place.path('etc/authpwd.source'), place.path('etc/authpwd')]);
    assert.deepEqual([made.status, made.stderr], [0, '']);
    for (const name of ['etc/authpwd', 'etc/authpwd.db', 'etc/authpwd.pag', 'etc/authpwd.dir'])
      if (place.read(name) !== '') chmodSync(place.path(name), 0o644);
    await site.startSink();
    await server.start();
  });

  await context.test('local delivery', async () => {
    assert.match(await sendMail(smtp, FROM, ['joe@mydomain.tld'], text('local')), /^250 OK id=/);
    await waitFor(
      () => `the message\n${log()}\n${place.read('spool/log/paniclog')}`,
      () => mailbox().includes('Subject: local'),
    );
    if (variant.mailbox === 'mbox')
      assert.match(mailbox(), /^From someone@sender\.test \S+ \S+ +\d+ [\d:]+ \d+\nReceived: [\s\S]*\n\nA line\.\n>From here on\n\n$/);
    else assert.match(mailbox(), /^Received: [\s\S]*\n\nA line\.\nFrom here on\n$/);
    await logged(
      '=> joe <joe@mydomain\\.tld> F=<someone@sender\\.test> P=<someone@sender\\.test> R=localuser T=local_delivery S=\\d+ QT=\\S+ DT=\\S+$',
    );
  });

  await context.test('everything is logged, in the file and in syslog', async () => {
    const arrival = await logged(` <= ${FROM} H=`);
    assert.match(
      arrival,
      /^\S+ \S+\.\d{3} \[\d+\] \S{23} <= someone@sender\.test H=localhost \(client\.test\) \[127\.0\.0\.1\]:\d+ I=\[127\.0\.0\.1\]:\d+ Ci=\d+ P=esmtp L?.*S=\d+ .*T="local" from <someone@sender\.test> for joe@mydomain\.tld$/,
    );
    const id = / (\S{23}) <=/.exec(arrival)?.[1] ?? '';
    const copies = place
      .read('syslog')
      .split('\n')
      .filter((line) => line.includes(`${id} <= ${FROM}`));
    assert.equal(copies.length, 1);
  });

  await context.test('relaying is refused, quotes and all', async () => {
    assert.equal(await sendMail(smtp, FROM, ['someone@outside.test'], text('relay'), outside), '550 "we are not an open relay"');
    await logged(
      'H=client\\.sender\\.test \\(client\\.test\\) \\[127\\.0\\.0\\.5\\]:\\d+ I=.* F=<someone@sender\\.test> rejected RCPT <someone@outside\\.test>: "we are not an open relay"$',
    );
    const refused = place
      .read('syslog')
      .split('\n')
      .filter((line) => line.includes('we are not an open relay'));
    assert.equal(refused.length, 1, 'syslog_duplication = false');
  });

  await context.test('AUTH only under TLS, against the dbm file, on both ports', async () => {
    for (const port of [smtp, submission]) {
      const client = await SmtpClient.open(port, outside);
      assert.doesNotMatch(await client.command('EHLO client.test'), /AUTH/);
      assert.equal(await client.authPlain('joe', 'its-me'), '503 AUTH command used when not advertised');
      assert.match(await client.startTls(), /\n250-AUTH PLAIN\n/);
      assert.equal(await client.authPlain('joe', 'something'), '535 Incorrect authentication data');
      assert.equal(await client.authPlain('joe', 'its-me'), '235 Authentication succeeded');
      assert.match(await client.send({ from: 'joe@mydomain.tld', to: ['someone@outside.test'], text: text(`via ${port}`) }), /^250 OK id=/);
      await client.quit();
    }
    const messages = (await site.sink?.waitForMessages(2)) ?? [];
    assert.deepEqual(
      messages.map((message) => message.recipients),
      [['someone@outside.test'], ['someone@outside.test']],
    );
    await logged(`=> someone@outside\\.test F=<joe@mydomain\\.tld> P=<joe@mydomain\\.tld> ${route} \\[127\\.0\\.0\\.2\\]:\\d+`);
    await logged('P=esmtpsa .*X=TLS1\\.3:TLS_AES_256_GCM_SHA384:256 .*A=PLAIN:joe ');
  });

  await context.test('a host that is down, and a refusal', async () => {
    await site.sink?.stop();
    const client = await SmtpClient.open(submission);
    await client.command('EHLO client.test');
    await client.startTls();
    await client.authPlain('joe', 'its-me');
    assert.match(
      await client.send({ from: 'joe@mydomain.tld', to: ['late@outside.test', 'refused@outside.test'], text: text('late') }),
      /^250 OK id=/,
    );
    await client.quit();
    await logged('== late@outside\\.test .*defer \\(111\\): Connection refused');
    assert.match((await server.exim(['-bp'])).stdout, / {10}late@outside\.test\n {10}refused@outside\.test\n/);
    const sink = await site.startSink((verb, line) => (verb === 'RCPT' && line.includes('refused') ? '550 no' : undefined));
    await server.exim(['-qff']);
    const [message] = await sink.waitForMessages(1);
    assert.deepEqual(message?.recipients, ['late@outside.test']);
    await waitFor(
      () => `the bounce\n${log()}`,
      () => mailbox().includes('X-Failed-Recipients: refused@outside.test'),
    );
    await waitFor('an empty queue', async () => (await server.exim(['-bpc'])).stdout === '0\n');
    assert.equal(place.read('spool/log/paniclog'), '');
  });
}
