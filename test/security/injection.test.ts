/**
 * What a remote party wrote is data wherever it comes back: names from DNS, answers of lookups, SNI, items of lists, keys of hints, arguments of a command line. Nothing of it is
 * expanded, run, taken for SQL, or makes a line of its own; names that JavaScript's objects have are names like others.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { DnsServer } from '../e2e/support/dns-server.ts';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';
import { waitFor } from '../e2e/support/wait.ts';

/** Clients whose names are looked up. */
const NAMED = '127.0.5.1';

const place = new Place('injection');
const [port = 0] = await freePorts(1);
const marker = join(tmpdir(), `eximius-injected-${process.pid}`);
const RUN = `\${run{/usr/bin/touch ${marker}}}`;
const dns = await DnsServer.start({
  '1.5.0.127.in-addr.arpa': [`PTR ${RUN.replaceAll('.', '')}.evil.test`],
  'evil.test': [`TXT ${RUN}`, `MX 10 ${RUN}`],
  'mx.test': [`MX 10 ${RUN.replaceAll('.', '')}.evil.test`],
});
const aliases = place.file(
  'etc/aliases',
  `runs: ${RUN}@site.test\nincludes: :include:${place.path('etc/included')}\nfails: :fail: ${RUN}\npipes: |${RUN}\n`,
);
place.file('etc/included', `"${RUN}"@site.test\n${RUN}\n`);

/** Ways through which a header goes; each gives it back as it was. */
const WAYS: Readonly<Record<string, string>> = {
  'X-Plain': '$h_x-in:',
  'X-If': '${if eq{$h_x-in:}{$h_x-in:}{$h_x-in:}{unequal}}',
  'X-Map': '${map{<\\n $h_x-in:}{$item}}',
  'X-Filter': '${filter{<\\n $h_x-in:}{eq{$item}{$item}}}',
  'X-Sort': '${sort{<\\n $h_x-in:}{<}{$item}}',
  'X-Reduce': '${reduce{<\\n $h_x-in:}{}{$value$item}}',
  'X-Any': '${if forany{<\\n $h_x-in:}{eq{$item}{$h_x-in:}}{$h_x-in:}{none}}',
  'X-Sg': '${sg{$h_x-in:}{\\N^$\\N}{}}',
  'X-Acl': '$acl_m_text',
  'X-Extract': '${extract{1}{\\n}{$h_x-in:}}',
};

const server = new MailServer(
  place,
  `${placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mail.site.test',
    dns_servers: dns.server,
    host_lookup: NAMED,
    helo_accept_junk_hosts: '*',
    tls_advertise_hosts: '*',
    tls_certificate: `\${if eq{$tls_in_sni}{never}{/nonexistent}{${place.certificate('etc/mail.pem', 'mail.site.test')}}}`,
    acl_smtp_rcpt: 'rcpt',
    acl_smtp_data: 'data',
    acl_smtp_etrn: 'accept',
    auth_advertise_hosts: '*',
    log_selector: '+all',
    smtp_max_synprot_errors: 100,
    smtp_accept_max_nonmail: 1000,
  })}
begin acl
rcpt:
  accept local_parts = name
         message = name $sender_host_name
  accept local_parts = txt
         message = \${lookup dnsdb{txt=evil.test}}
  accept local_parts = mx
         message = \${lookup dnsdb{mx=mx.test}}
  deny   local_parts = limited
         ratelimit = 1 / 1h / strict / per_cmd / $sender_address
         message = $sender_rate
  accept local_parts = seen
        !seen = 1h / key=$sender_address
         message = seen for the first time
  accept
data:
  warn set acl_m_text = $h_x-in:
${Object.entries(WAYS)
  .map(([name, way]) => `  warn add_header = ${name}: ${way}\n`)
  .join('')}
  accept
begin routers
aliases:
  driver = redirect
  domains = alias.test
  data = \${lookup{$local_part}lsearch{${aliases}}}
  allow_fail
  pipe_transport = program
catch:
  driver = accept
  transport = maildir
begin transports
program:
  driver = pipe
  user = ${place.account.name}
maildir:
  driver = appendfile
  directory = ${place.path('mail/catch')}
  maildir_format
  user = ${place.account.name}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{user}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
`,
);

before(() => server.start());
after(async () => {
  await server.stop();
  await dns.stop();
  place.remove();
  rmSync(marker, { force: true });
});

async function begin(localAddress?: string): Promise<SmtpClient> {
  const client = await SmtpClient.open(port, localAddress === undefined ? {} : { localAddress });
  assert.match(await client.command('EHLO client.test'), /^250/);
  return client;
}

function assertNothingRan(): void {
  assert.equal(existsSync(marker), false);
}

test('names and texts from DNS are text', async () => {
  const client = await begin(NAMED);
  await client.command('MAIL FROM:<a@site.test>');
  for (const [recipient, expected] of [
    ['name', /^250 name /],
    ['txt', /touch/],
    ['mx', /touch/],
  ] as const)
    assert.match((await client.command(`RCPT TO:<${recipient}@site.test>`)).replaceAll(/\n250-?/g, ''), expected, recipient);
  await client.quit();
  assertNothingRan();
});

test('data of alias files are addresses, and are not expanded again', async () => {
  const client = await begin();
  const to = ['runs', 'includes', 'fails', 'pipes'].map((name) => `${name}@alias.test`);
  const answer = await client.send({ from: 'a@site.test', to, text: 'Subject: x\n\nx\n' });
  await client.quit();
  const id = /id=(\S+)/.exec(answer)?.[1] ?? assert.fail(answer);
  for (const address of to) await server.waitForLog(new RegExp(`${id} (?:==|\\*\\*|=>|->) .*${address.replaceAll('.', '\\.')}`));
  assertNothingRan();
});

test('a header is the same after every way through expansions', async () => {
  const texts = [
    RUN,
    `}${RUN}{`,
    '$h_subject: $acl_m_text ${acl_m_text} $$ $1 $0',
    '\\',
    'x\\',
    '\\N$0\\N',
    '${',
    '}',
    '${if',
    'a:b',
    '\\x41\\101\\n',
    '%n%s%1$n',
    '__proto__',
    '<; a;b',
    ',${expand:$h_subject:}',
    '\'"`;|&<>(){}[]!*?~#',
    '\x1b[31mred',
    '\xff\xfe\xc3\xa9\xe2\x80',
  ];
  for (const text of texts) {
    const client = await begin();
    const answer = await client.send({ from: 'a@site.test', to: ['b@site.test'], text: `X-In: ${text}\nSubject: ${RUN}\n\nx\n` });
    await client.quit();
    const id = /id=(\S+)/.exec(answer)?.[1] ?? assert.fail(answer);
    const mail = await waitFor(`message ${id}`, () => place.maildir('mail/catch').find((one) => one.includes(`id ${id}`)));
    for (const name of Object.keys(WAYS)) assert.ok(mail.includes(`\n${name}: ${text}\n`), `${name}: ${JSON.stringify(text)}\n${mail}`);
  }
  assertNothingRan();
});

test('SNI and HELO are text, whatever they end in', async () => {
  const names = ['x\\', '\\', RUN, '__proto__', 'a'.repeat(250), '%n', "'", '../../etc/passwd', 'x\n-tls_sni y'];
  for (const servername of names) {
    const plain = await SmtpClient.open(port);
    assert.match(await plain.command(`EHLO ${servername.replaceAll('\n', ' ')}`), /^250|^501/);
    assert.match(await plain.command('STARTTLS'), /^220 /);
    for (const event of ['data', 'end', 'close', 'error']) plain.socket.removeAllListeners(event);
    const secure = connectTls({ socket: plain.socket, servername, rejectUnauthorized: false });
    const isSecure = await new Promise<boolean>((resolve) => {
      secure
        .once('secureConnect', () => resolve(true))
        .once('error', () => resolve(false))
        .once('close', () => resolve(false));
    });
    assert.ok(isSecure, servername);
    const client = new SmtpClient(secure);
    await client.command('EHLO client.test');
    assert.match(await client.send({ from: 'a@site.test', to: ['b@site.test'], text: 'Subject: sni\n\nx\n' }), /^250 OK id=/, servername);
    await client.quit();
  }
  assertNothingRan();
  assert.equal(server.log('panic'), '');
});

test('keys of hints and of ETRN are keys, not SQL', async () => {
  const keys = ["x' UNION SELECT 1--", "'", '"', "x';DROP TABLE ratelimit;--", '\\', '%', '__proto__', 'a\x01b'];
  const usual: string[] = [];
  for (const key of ['usual', ...keys]) {
    const client = await begin();
    const sender = `MAIL FROM:<"${key.replaceAll(/["\\]/g, '\\$&')}"@site.test>`;
    const asked: string[] = [];
    for (const to of ['seen', 'seen', 'limited', 'limited']) {
      assert.equal(await client.command(sender), '250 OK', key);
      asked.push(await client.command(`RCPT TO:<${to}@site.test>`));
      await client.command('RSET');
    }
    if (key === 'usual') usual.push(...asked);
    assert.deepEqual(asked, usual, key);
    assert.match(await client.command(`ETRN #${key}`), /^(?:250|458|500|501)/, key);
    await client.quit();
  }
  assert.equal(new Set(usual).size, 4, `first and second time differ: ${usual}`);
});

test('no name of an object of JavaScript is known by itself', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const other = new Place('names');
  const expressions = names.flatMap((name): [string, string][] => [
    [`\${extract{${name}}{a=b}{found}{none}}`, 'none'],
    [`\${extract{${name}}{${name}=b}}`, 'b'],
    [`\${extract json{${name}}{\\{"a":1\\}}{found}{none}}`, 'none'],
    [`\${extract json{${name}}{\\{"${name}":1\\}}}`, '1'],
    [`\${lookup{${name}}lsearch{${aliases}}{found}{none}}`, 'none'],
    [`\${lookup{${name}}json{${place.file('etc/a.json', '{"a":{}}')}}{found}{none}}`, 'none'],
    [`\${if def:h_${name}:{found}{none}}`, 'none'],
    [`\${if inlist{${name}}{a:b}{found}{none}}`, 'none'],
    [`\${acl_m_${name}}|\${if def:acl_m_${name}{found}{none}}`, '|none'],
    [`\${env{${name}}{found}{none}}`, 'none'],
    [`\${if match_domain{${name}}{+${name}}{found}{none}}`, 'Failed: '],
    [`\${${name}:x}`, 'Failed: '],
    [`\${${name}{x}}`, 'Failed: '],
    [`\${if ${name}{x}{y}{z}}`, 'Failed: '],
    [`$${name}`, 'Failed: '],
    [`\${lookup{x}${name}{/y}}`, 'Failed: '],
    [`\${hmac{${name}}{a}{b}}`, 'Failed: '],
    [`\${acl{${name}}}`, 'Failed: '],
  ]);
  const { stdout } = await server.exim(['-be', ...expressions.map(([expression]) => expression)]);
  const answers = stdout.trimEnd().split('\n');
  assert.equal(answers.length, expressions.length, stdout);
  for (const [index, [expression, expected]] of expressions.entries()) {
    const answer = answers[index] ?? '';
    assert.ok(expected === 'Failed: ' ? answer.startsWith(expected) : answer === expected, `${expression}: ${answer}`);
  }
  for (const line of [
    (name: string) => `${name} = x\n`,
    (name: string) => `begin routers\n${name}:\n  driver = ${name}\n`,
    (name: string) => `begin routers\n${name}:\n  driver = accept\n  ${name} = x\n`,
  ]) {
    const broken = new MailServer(other, placeOptions(other) + line('toString'));
    assert.equal((await broken.exim(['-bV'])).status, 1, line('toString'));
  }
  other.remove();
});

test('no argument of a command line makes a line of the spool or a header of its own', async () => {
  const results: unknown[] = [];
  const lines = '\n-injected 1\n\n023  X-Injected: yes\n';
  for (const args of [
    ['-f', `a@site.test${lines}`],
    ['-F', `name${lines}`],
    ['-F', 'n'.repeat(100_000)],
    ['-f', 'a@site.test', '-oMa', '192.0.2.1', '-oMs', `host${lines}`],
    ['-f', 'a@site.test', '-oMa', `192.0.2.1${lines}`],
    ['-f', 'a@site.test', '-oMt', `ident${lines}`],
    ['-f', 'a@site.test', '-oMai', `user${lines}`],
    ['-f', 'a@site.test', '-oMas', `a@b${lines}`],
    ['-f', 'a@site.test', '-oMr', `proto${lines}`],
    ['-f', 'a@site.test', '-oMs', 'h'.repeat(100_000)],
  ])
    results.push(await server.exim(['-odq', ...args, 'keep@site.test'], { input: 'Subject: x\n\nx\n' }));
  const folder = place.path('spool/input');
  const files = readdirSync(folder, { recursive: true, encoding: 'latin1' }).filter((name) => name.endsWith('-H'));
  assert.ok(files.length > 0, JSON.stringify(results));
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'latin1');
    const envelope = text.slice(0, text.indexOf('\n\n'));
    assert.doesNotMatch(envelope, /^-+injected|^[0-9]{3}. X-Injected|^X-Injected/m, envelope);
  }
  const queued = await server.exim(['-bpc']);
  assert.equal(Number(queued.stdout), files.length, 'each can be read');
});

test('HTTP on the SMTP port ends at its first lines', async () => {
  const socket = connect({ port, host: '127.0.0.1' });
  const client = new SmtpClient(socket);
  await client.write(
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\nMAIL FROM:<http@site.test>\r\nRCPT TO:<http@site.test>\r\nDATA\r\n',
  );
  assert.match(await client.reply(), /^554 SMTP synchronization error|^220 /);
  assert.ok(await client.closed(20_000));
  assert.doesNotMatch(server.log(), /http@site/);
});

test('who is no proxy may not speak for others', async () => {
  for (const header of [
    'PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n',
    '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x00\x19',
  ]) {
    const client = await SmtpClient.open(port);
    await client.write(header);
    assert.match(await client.reply(), /^500 unrecognized command/);
    client.close();
  }
  const client = await begin();
  assert.equal(await client.command('XCLIENT ADDR=192.0.2.7 LOGIN=root'), '501 XCLIENT command used when not advertised');
  await client.quit();
  assert.doesNotMatch(server.log(), /\[192\.0\.2\.7\]/);
});

test('base 64 of AUTH: padding, octets and lengths that are wrong', async () => {
  const client = await begin();
  for (const [answer, expected] of [
    ['Q', '501 Invalid base64 data'],
    ['QQ', '501 Invalid base64 data'],
    ['QUI', '501 Invalid base64 data'],
    ['QUJD=', '501 Invalid base64 data'],
    ['Q=UI', '501 Invalid base64 data'],
    ['QUJD QUJD', '501 Invalid base64 data'],
    ['QUJD\tQUJD', '501 Invalid base64 data'],
    ['QU\xffD', '501 Invalid base64 data'],
    ['=', '501 Invalid base64 data'],
    ['*', '501 Authentication cancelled'],
    ['', '535 Incorrect authentication data'],
    ['AAAA', '535 Incorrect authentication data'],
    [Buffer.from('\0\0').toString('base64'), '535 Incorrect authentication data'],
    [Buffer.from('\0'.repeat(3000)).toString('base64'), '535 Incorrect authentication data'],
    [Buffer.from(`\0${RUN}\0${RUN}`).toString('base64'), '535 Incorrect authentication data'],
    [Buffer.from('\0__proto__\0constructor').toString('base64'), '535 Incorrect authentication data'],
  ] as const) {
    assert.match(await client.command('AUTH PLAIN'), /^334/, answer);
    assert.equal(await client.command(answer), expected, JSON.stringify(answer));
  }
  assert.match(await client.command('AUTH PLAIN'), /^334/);
  await client.write(`${'QUJD'.repeat(5000)}\r\n`); // longer than a command line can be: what does not fit is a command
  assert.equal(await client.reply(), '501 Invalid base64 data');
  assert.equal(await client.reply(), '500 unrecognized command');
  await client.quit();
  assertNothingRan();
});
