/**
 * The ACLs for MIME parts of a running server and of the command line, with messages that nodemailer, swaks and others make: what they see, what
 * is decoded, how what they refuse is told, and what remains (nothing).
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { type CommandResult, MailServer, placeOptions, runCommand } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const place = new Place('mime');
const [port = 0] = await freePorts(1);
const SWAKS = '/usr/bin/swaks';
const decoded = place.folder('decoded');

const server = new MailServer(
  place,
  `${placeOptions(place, {
    primary_hostname: 'mail.site.test',
    qualify_domain: 'site.test',
    daemon_smtp_ports: port,
    queue_only: 'true',
    prdr_enable: 'true',
    chunking_advertise_hosts: '*',
    message_size_limit: '40M',
    acl_smtp_rcpt: 'accept',
    acl_smtp_mime: 'parts',
    acl_not_smtp_mime: 'parts',
    acl_smtp_data: 'data',
    acl_smtp_data_prdr: 'prdr',
    acl_not_smtp: 'data',
  })}
begin acl
parts:
  warn   logwrite = part $mime_part_count $mime_content_type name=$mime_filename cover=$mime_is_coverletter attached=$mime_is_rfc822
  deny   message = $mime_filename is not taken
         condition = \${if match{\${lc:$mime_filename}}{\\N\\.(exe|scr)$\\N}}
  discard condition = \${if eq{$mime_filename}{away.txt}}
  defer  condition = \${if eq{$mime_filename}{later.txt}}
         message = come back
  drop   condition = \${if eq{$mime_filename}{drop.txt}}
         log_message = dropped
  warn   condition = \${if eq{$mime_filename}{fake.txt}}
         control = fakereject/not really
  warn   condition = \${if eq{$mime_content_type}{application/octet-stream}}
         decode = ${decoded}
         logwrite = decoded to $mime_decoded_filename: $mime_content_size KiB
  deny   mime_regex = viagra : (?i)lott(e)ry
         message = no $regex_match_string here ($regex1)
  warn   condition = \${if eq{$mime_content_type}{text/plain}}
         add_header = X-Text: part $mime_part_count
         remove_header = X-Remove
  accept
prdr:
  accept logwrite = prdr $local_part $mime_part_count <$h_X-Text:>
data:
  deny   regex = ^X-Mailer.*bad
         message = $regex_match_string
  accept logwrite = data $mime_part_count <$h_X-Text:> <$h_X-Remove:> type=$mime_content_type
begin routers
all:
  driver = accept
  transport = discard
begin transports
discard:
  driver = appendfile
  file = /dev/null
`,
);

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

const known = new Set<string>();

function ids(): string[] {
  return [...server.log().matchAll(/ (\w{6}-\w{11}-\w{4}) (?:<=|\(=|.* rejected) /g)].map((match) => match[1] ?? '');
}

/** What follows is about another message. */
function turnPage(): void {
  for (const id of ids()) known.add(id);
}

/** Log lines about the first message since the last page, without date and id. */
async function lines(): Promise<string[]> {
  const id = await waitFor(
    () => `a message in the log:\n${server.log()}`,
    () => ids().find((found) => !known.has(found)),
  );
  turnPage();
  const own = server
    .log()
    .split('\n')
    .filter((line) => line.includes(` ${id} `));
  return own.map((line) => line.slice(line.indexOf(id) + id.length + 1).replaceAll(id, 'ID'));
}

function isSwept(): boolean {
  const scan = place.path('spool/scan');
  return !existsSync(scan) || readdirSync(scan).length === 0;
}

const attachment = (name: string, text = 'x') =>
  `Subject: s\nX-Remove: 1\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: text/x; name=${name}\n\n${text}\n--b--\n`;

/** Sends a message; the last reply. */
async function send(text: string): Promise<string> {
  turnPage();
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  const reply = await client.send({ from: 'a@sender.test', to: ['b@site.test'], text });
  client.close();
  return reply;
}

test('nodemailer: names in UTF-8, a picture in HTML, an attached message, a file of 3 MB', async () => {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  const large = Buffer.alloc(3_000_000, 'large file \0\xff\n', 'latin1');
  const sent = await transport.sendMail({
    from: 'a@sender.test',
    to: 'b@site.test',
    subject: 'parts',
    text: 'one',
    html: '<img src="cid:p">',
    attachments: [
      { filename: 'p.png', cid: 'p', content: Buffer.from([1, 2, 3]) },
      { filename: 'Ärger_über_你好_and_a_long_name_that_needs_several_pieces.txt', content: 'x' },
      { filename: 'large.bin', content: large },
      { contentType: 'message/rfc822', content: 'Subject: inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<b>\r\n' },
    ],
  });
  transport.close();
  assert.match(sent.response, /^250 OK id=/);
  const id = sent.response.slice('250 OK id='.length);
  const told = await lines();
  const name = (text: string) =>
    Buffer.from(text, 'utf8')
      .toString('latin1')
      .replace(/[\x80-\xff]/g, (octet) => `\\${octet.charCodeAt(0).toString(8)}`);
  assert.deepEqual(told.slice(0, -1), [
    'part 0 multipart/mixed name= cover=1 attached=0',
    'part 1 multipart/alternative name= cover=1 attached=0',
    'part 2 text/plain name= cover=1 attached=0',
    'part 3 multipart/related name= cover=1 attached=0',
    'part 4 text/html name= cover=1 attached=0',
    'part 5 image/png name=p.png cover=1 attached=0',
    `part 6 text/plain name=${name('Ärger_über_你好_and_a_long_name_that_needs_several_pieces.txt')} cover=0 attached=0`,
    'part 7 application/octet-stream name=large.bin cover=0 attached=0',
    `decoded to ${decoded}/ID-00000: 2930 KiB`,
    'part 8 message/rfc822 name= cover=0 attached=0',
    'part 0 text/html name= cover=1 attached=1',
    'data 8 <part 2\\npart 6> <> type=',
  ]);
  assert.ok(readFileSync(`${decoded}/${id}-00000`).equals(large));
  assert.ok(isSwept());
});

test('what is refused: reply and log', async () => {
  const refused = 'H=(client.test) [127.0.0.1] F=<a@sender.test>';
  const cases = [
    ['virus.EXE', '550 virus.EXE is not taken', `${refused} rejected during MIME ACL checks: virus.EXE is not taken`],
    [
      "x.txt; filename*0*=utf-8''a%2E; filename*1=scr",
      '550 a.scr is not taken',
      `${refused} rejected during MIME ACL checks: a.scr is not taken`,
    ],
    ['later.txt', '451 come back', `${refused} temporarily rejected during MIME ACL checks: come back`],
    ['drop.txt', '550 Administrative prohibition', `${refused} rejected during MIME ACL checks: dropped`],
  ] as const;
  for (const [name, reply, line] of cases) {
    assert.equal(await send(attachment(name)), reply);
    assert.equal((await lines()).at(-1), line);
  }
  assert.match(
    server.log('reject'),
    /is not taken\nEnvelope-from: <a@sender\.test>\nEnvelope-to: <b@site\.test>\nP Received: [^]*\n\* X-Remove: 1\n[^]*\n {2}X-Text: part 1\n/,
  );
  assert.equal(await send(attachment('a', 'Win the LOTTERY now')), '550 no (?i)lott(e)ry here (E)');
  assert.match((await lines()).at(-1) ?? '', / rejected during MIME ACL checks: no /);
  assert.equal(await send(`X-Mailer: bad\n${attachment('a')}`), '550 ^X-Mailer.*bad');
  assert.match((await lines()).at(-1) ?? '', / rejected after DATA: /);
  assert.ok(isSwept());
});

test('discard and fakereject', async () => {
  assert.match(await send(attachment('away.txt')), /^250 OK id=/);
  assert.deepEqual((await lines()).slice(-2), ['=> blackhole (MIME ACL discarded recipients)', 'Completed']);
  assert.equal(await send(attachment('fake.txt')), '550 not really');
  assert.match((await lines()).at(-1) ?? '', /^\(= a@sender\.test /);
});

test('chunks, and replies for each recipient, come behind the parts', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  turnPage();
  await client.command('MAIL FROM:<a@sender.test> PRDR');
  await client.command('RCPT TO:<b@site.test>');
  await client.command('RCPT TO:<c@site.test>');
  const text = attachment('ok.txt').replaceAll('\n', '\r\n');
  await client.write(`BDAT ${text.length - 30}\r\n${text.slice(0, -30)}`);
  assert.match(await client.reply(), /^250 /);
  await client.write(`BDAT 30 LAST\r\n${text.slice(-30)}`);
  for (let reply = ''; !reply.includes('message accepted'); ) reply = await client.reply();
  client.close();
  assert.deepEqual((await lines()).filter((line) => !line.startsWith('PRDR ')).slice(0, 6), [
    'part 0 multipart/mixed name= cover=1 attached=0',
    'part 1 text/plain name= cover=1 attached=0',
    'part 2 text/x name=ok.txt cover=0 attached=0',
    'prdr b 2 <part 1>',
    'prdr c 2 <part 1>',
    'data 2 <part 1> <> type=',
  ]);
});

test('swaks: an attachment', { skip: existsSync(SWAKS) ? false : 'swaks is not installed' }, async () => {
  const file = place.file('etc/program.exe', 'MZ');
  const addresses = ['--server', '127.0.0.1', '--port', String(port), '--from', 'a@sender.test', '--to', 'b@site.test'];
  const { stdout } = await runCommand(SWAKS, [...addresses, '--attach-name', 'program.exe', '--attach', `@${file}`]);
  assert.match(stdout, /^<\*\* 550 program\.exe is not taken$/m);
});

test('-bh tells the steps, and keeps nothing', async () => {
  const data = attachment('virus.exe').replaceAll('\n', '\r\n');
  const input = `EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<b@site.test>\r\nDATA\r\n${data}.\r\nQUIT\r\n`;
  const { stdout, stderr } = await server.exim(['-bh', '192.0.2.1'], { input });
  assert.match(stdout, /^550 virus\.exe is not taken\r?$/m);
  assert.match(stderr, /^LOG: \S+ part 2 text\/x name=virus\.exe cover=0 attached=0$/m);
  assert.match(stderr, /^LOG: \S+ H=\(x\) \[192\.0\.2\.1\] F=<a@b\.test> rejected during MIME ACL checks: virus\.exe is not taken$/m);
  assert.ok(isSwept());
});

test('local messages: -bs, -bS, -t', async () => {
  const session = (text: string) => `MAIL FROM:<a@site.test>\nRCPT TO:<b@site.test>\nDATA\n${text}.\nQUIT\n`;
  const bs = await server.exim(['-bs'], { input: `EHLO x\n${session(attachment('virus.exe'))}` });
  assert.match(bs.stdout, /^550 virus\.exe is not taken\r?$/m);
  const bsmtp = (name: string): Promise<CommandResult> => server.exim(['-bS'], { input: session(attachment(name)) });
  turnPage();
  const refused = await bsmtp('virus.exe');
  assert.deepEqual([refused.status, refused.stdout.split('\n')[0]], [2, '550 virus.exe is not taken']);
  assert.match((await lines()).at(-1) ?? '', /^U=\S+ F=<a@site\.test> rejected during MIME ACL checks: virus\.exe is not taken$/);
  assert.equal((await bsmtp('later.txt')).stdout.split('\n')[0], '451 come back');
  assert.equal((await bsmtp('ok.txt')).status, 0);
  assert.equal((await bsmtp('fake.txt')).status, 0);
  const t = await server.exim(['-t', '-oep'], { input: `To: b@site.test\n${attachment('virus.exe')}` });
  assert.equal(t.status, 1);
  assert.match(t.stderr, /message rejected by MIME ACL: virus\.exe is not taken/);
  const accepted = await server.exim(['-t', '-oep'], { input: `To: b@site.test\n${attachment('ok.txt')}` });
  assert.deepEqual([accepted.status, accepted.stderr], [0, '']);
  turnPage();
  const away = await server.exim(['-t', '-oep'], { input: `To: b@site.test\n${attachment('away.txt')}` });
  assert.equal(away.status, 1);
  const told = await lines();
  assert.equal(
    told.find((line) => line.startsWith('data ')),
    'data 2 <part 1> <> type=',
  );
  assert.deepEqual(told.slice(-2), ['=> blackhole (MIME ACL discarded recipients)', 'Completed']);
  assert.ok(isSwept());
});
