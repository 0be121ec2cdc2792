/**
 * Headers that make a careless parser quadratic: 100 KB of one thing in every header that is looked into, through verification, expansions, rewriting and log lines. Quadratic work on
 * them takes hours, so that a test that ends is proof enough. CVE-2025-14874 and its kin.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';

const LENGTH = 100_000;
const place = new Place('linear');
const [port = 0] = await freePorts(1);

/** Each is evaluated for every message; the length keeps the results short. */
const EXPRESSIONS = [
  '${addresses:$h_to:}',
  '${address:$h_from:}',
  '${domain:$h_from:}',
  '${rfc2047d:$rh_subject:}',
  '${rfc2047:$h_x:}',
  '${uc:$h_x:}',
  '${sg{$h_x:}{a *\\$}{b}}',
  '${extract{a}{$h_x:}}',
  '${extract{2}{,}{$h_x:}}',
  '${if match{$h_x:}{^ *\\\\[}{${listcount:$h_x:}}}',
  '${listextract{3}{$h_x:}}',
  '${map{$h_x:}{x}}',
  '${reduce{$h_x:}{0}{${eval:$value+1}}}',
  '${quote:$h_x:}',
  '${quote_local_part:$h_x:}',
  '${rxquote:$h_x:}',
  '${escape:$h_x:}',
  '${headerwrap:$h_x:}',
  '${utf8clean:$h_x:}',
  '${hexquote:$h_x:}',
  '${tr{$h_x:}{a-z}{b}}',
  '${if match_domain{${domain:$h_from:}}{*.x : ^.*y\\$}{1}{0}}',
];

const server = new MailServer(
  place,
  `${placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mail.site.test',
    header_maxsize: '3M',
    received_headers_max: 100_000,
    log_selector: '+all',
    acl_smtp_rcpt: 'accept',
    acl_smtp_data: 'data',
  })}
begin acl
data:
  warn !verify = header_syntax
  warn !verify = header_sender
  warn !verify = not_blind
  warn !verify = header_names_ascii
${EXPRESSIONS.map((expression, index) => `  warn set acl_m${index} = \${length_10:${expression}}\n`).join('')}
  warn add_header = X-Copy: $h_x:
       remove_header = x-y : $h_x:
  accept
begin routers
gone:
  driver = redirect
  data = :blackhole:
begin rewrite
*@old.test $1@new.test
`,
);

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

function filled(piece: string): string {
  return piece.repeat(Math.ceil(LENGTH / piece.length)).slice(0, LENGTH);
}

const contents: readonly string[] = [
  ` x${filled(' ')}y`,
  `x${filled(' \t')}`,
  filled('('),
  filled('(') + filled(')'),
  filled('()'),
  filled('"'),
  filled('"" '),
  filled('<'),
  filled('\\'),
  filled(','),
  filled(':'),
  filled(';'),
  filled('@'),
  filled('a@'),
  filled('.'),
  filled('['),
  filled('!'),
  filled('*'),
  filled('a:'),
  filled('a@b.c,'),
  filled('g:a@b.c;'),
  filled('<a@b> '),
  `<${filled('@a,')}:x@y>`,
  filled('a@old.test,'),
  filled('=?utf-8?q?'),
  filled('=?utf-8?q?=41?= '),
  filled('=?utf-8?b?QQ==?='),
  filled('x\r\n '),
  filled('\r\n ').slice(0, -2),
  filled('\r'),
  filled('\xe9'),
  filled('\xc3\xa9'),
  filled(';a*0*=x'),
  filled('${run{x}}'),
  filled("'"),
];

const HEADERS = [
  'From',
  'To',
  'Subject',
  'Date',
  'Message-ID',
  'Received',
  'X',
  'Resent-From',
  'Resent-To',
  'Content-Type',
  'Sender',
  'Reply-To',
  'Bcc',
  'References',
];

test('headers of 100 KB of one thing', { timeout: 240_000 }, async () => {
  for (const content of contents) {
    const client = await SmtpClient.open(port);
    await client.command('EHLO client.test');
    for (const line of ['MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>', 'DATA']) assert.match(await client.command(line), /^[23]/);
    await client.write(`${HEADERS.map((header) => `${header}: ${content}\r\n`).join('')}\r\nx\r\n.\r\n`);
    assert.match(await client.reply(120_000), /^(?:250 OK id=|550)/, content.slice(0, 20));
    await client.quit();
  }
  assert.equal(server.log('panic'), '');
  for (const line of server.log().split('\n')) assert.ok(line.length < 8192, line.slice(0, 200));
});

test('as many header lines, recipients and commands as can be', { timeout: 240_000 }, async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  for (const line of ['MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>', 'DATA']) await client.command(line);
  await client.write(`${'a:\r\n'.repeat(300_000)}\r\nx\r\n.\r\n`);
  assert.match(await client.reply(120_000), /^250 OK id=/);
  for (const line of ['MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>', 'DATA']) await client.command(line);
  await client.write(`To: ${'a@b.test,\r\n '.repeat(60_000)}c@d.test\r\n\r\nx\r\n.\r\n`);
  assert.match(await client.reply(120_000), /^250 OK id=/);
  await client.quit();
});
