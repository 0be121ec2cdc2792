/**
 * BDAT's states crossed with everything else that can come: another command, RSET, STARTTLS, no octets, more than 2^32 of them, a client that ends its side, TLS that ends within
 * a chunk. Octets of a chunk are never commands, commands never octets of a chunk, and nothing in the clear is read once TLS has ended. RFC 3030, RFC 8446 s6.1.
 */
import assert from 'node:assert/strict';
import { connect as connectPlain } from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { processTree } from '../e2e/support/process-tree.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';
import { peakGrowthMiB } from './memory.ts';

const place = new Place('bdat');
const [port = 0] = await freePorts(1);
const pem = place.certificate('etc/mail.pem', 'mail.site.test');
const server = new MailServer(
  place,
  `${placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mail.site.test',
    tls_advertise_hosts: '*',
    tls_certificate: pem,
    smtp_max_synprot_errors: 100,
    message_size_limit: '1M',
    acl_smtp_rcpt: 'accept',
    acl_smtp_data: 'accept',
  })}
begin routers
catch:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${place.path('mail/catch')}
  maildir_format
  return_path_add
  user = ${place.account.name}
`,
);

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

const HEADER = 'Subject: x\r\n\r\n';
const FIRST = `BDAT ${HEADER.length}\r\n${HEADER}`;
const ONLY_BDAT = '503 only BDAT permissible after non-LAST BDAT';
const ONLY_RSET = '503 only RSET accepted now';
const RECEIVED = '250 14 byte chunk received';

async function begun(): Promise<SmtpClient> {
  const client = await SmtpClient.open(port);
  for (const line of ['EHLO client.test', 'MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>'])
    assert.match(await client.command(line), /^250/, line);
  return client;
}

async function answer(client: SmtpClient, text: string): Promise<string> {
  await client.write(text);
  return (await client.reply()).replace(/id=\S+/, 'id=…');
}

/** What is sent, each answered before the next, with what is answered. Texts are Exim's. */
const dialogues: Readonly<Record<string, readonly (readonly [string, string | RegExp])[]>> = {
  'the last chunk is empty': [
    [FIRST, RECEIVED],
    ['BDAT 0 LAST\r\n', '250- 0 byte chunk, total 14\n250 OK id=…'],
    ['NOOP\r\n', '250 OK'],
  ],
  'a chunk of no octets that is not the last': [
    [FIRST, RECEIVED],
    ['BDAT 0\r\n', '504 zero size for BDAT command'],
  ],
  RSET: [
    [FIRST, RECEIVED],
    ['RSET\r\n', '250 Reset OK'],
    ['BDAT 6 LAST\r\nNOOP\r\n', '503 valid RCPT command must precede BDAT'],
    ['NOOP\r\n', '250 OK'],
  ],
  'NOOP between chunks': [
    [FIRST, RECEIVED],
    ['NOOP\r\n', '250 OK'],
    ['BDAT 6 LAST\r\nNOOP\r\n', '250- 6 byte chunk, total 20\n250 OK id=…'],
  ],
  ...Object.fromEntries(
    [
      'STARTTLS',
      'EHLO client.test',
      'HELO client.test',
      'MAIL FROM:<c@site.test>',
      'RCPT TO:<c@site.test>',
      'DATA',
      'VRFY x',
      'HELP',
      'AUTH PLAIN',
      'ETRN #x',
    ].map((command) => [
      command,
      [
        [FIRST, RECEIVED],
        [`${command}\r\n`, ONLY_BDAT],
        ['NOOP\r\n', ONLY_RSET],
        ['BDAT 6 LAST\r\nNOOP\r\n', ONLY_RSET],
        ['NOOP\r\n', ONLY_RSET],
        ['RSET\r\n', '250 Reset OK'],
        ['NOOP\r\n', '250 OK'],
      ] as const,
    ]),
  ),
  'what is no number of octets': [
    ['BDAT\r\n', '501 missing size for BDAT command'],
    ['BDAT -1\r\n', '501 missing size for BDAT command'],
    ['BDAT +1 LAST\r\n', '501 missing size for BDAT command'],
    ['BDAT 0x10\r\n', '504 zero size for BDAT command'],
    ['BDAT 99999999999999999999 LAST\r\n', '501 missing size for BDAT command'],
    ['BDAT 4294967296999 LAST\r\n', '501 missing size for BDAT command'],
    ['BDAT __proto__ LAST\r\n', '501 missing size for BDAT command'],
    [`BDAT 14 LAST\r\n${HEADER}`, '250- 14 byte chunk, total 14\n250 OK id=…'],
  ],
  'dots and line ends are octets': [
    [`BDAT 29\r\n${HEADER}a\r\n.\r\nNOOP\r\n.\r\n`, '250 29 byte chunk received'],
    ['BDAT 5 LAST\r\n\r\n.\r\n', '250- 5 byte chunk, total 34\n250 OK id=…'],
    ['NOOP\r\n', '250 OK'],
  ],
  'a header with bare LF': [
    ['BDAT 17 LAST\r\nSubject: x\n\nNOOP\n', '552 Message header not CRLF terminated'],
    ['NOOP\r\n', '250 OK'],
  ],
  'DATA and chunks do not mix': [
    ['DATA\r\n', '354 Enter message, ending with "." on a line by itself'],
    [`${HEADER}BDAT 3 LAST\r\nabc\r\n.\r\n`, '250 OK id=…'],
    ['BDAT 6 LAST\r\nNOOP\r\n', '503 valid RCPT command must precede BDAT'],
    ['NOOP\r\n', '250 OK'],
  ],
  'too much, in chunks': [
    [FIRST, RECEIVED],
    [`BDAT 2000000\r\n${'NOOP\r\n'.repeat(333_334).slice(0, 2_000_000)}`, '552 Message size exceeds maximum permitted'],
    ['BDAT 6 LAST\r\nNOOP\r\n', '503 valid RCPT command must precede BDAT'],
    ['NOOP\r\n', '250 OK'],
  ],
};

for (const [name, steps] of Object.entries(dialogues))
  test(`chunks: ${name}`, async () => {
    const client = await begun();
    for (const [text, expected] of steps) assert.equal(await answer(client, text), expected, text.slice(0, 60));
    client.close();
  });

test('chunks without a message before them are thrown away, and are no commands', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  for (const before of [[], ['MAIL FROM:<a@site.test>']]) {
    for (const line of before) await client.command(line);
    assert.equal(await answer(client, 'BDAT 12 LAST\r\nRSET\r\nQUIT\r\n'), '503 valid RCPT command must precede BDAT');
    assert.equal(await client.command('NOOP'), '250 OK');
  }
  client.close();
});

test('pipelined chunks, messages and what follows are each what they are, however they are cut', async () => {
  const input = `MAIL FROM:<a@site.test>\r\nRCPT TO:<b@site.test>\r\n${FIRST}BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<c@site.test>\r\nRCPT TO:<d@site.test>\r\nBDAT 14 LAST\r\n${HEADER}QUIT\r\n`;
  for (const size of [1, 2, 7, 30, 1000]) {
    const client = await SmtpClient.open(port);
    await client.command('EHLO client.test');
    for (let at = 0; at < input.length; at += size) await client.write(input.slice(at, at + size));
    const replies: string[] = [];
    for (let reply = await client.reply(); reply !== ''; reply = await client.reply()) replies.push(reply.replace(/id=\S+/, 'id=…'));
    assert.deepEqual(replies, [
      '250 OK',
      '250 Accepted',
      RECEIVED,
      '250- 6 byte chunk, total 20\n250 OK id=…',
      '250 OK',
      '250 Accepted',
      '250- 14 byte chunk, total 14\n250 OK id=…',
      '221 mail.site.test closing connection',
    ]);
  }
});

test('a client that ends its side within or between chunks has sent no message', async () => {
  for (const text of [`BDAT 100\r\n${HEADER}`, FIRST, `BDAT 4294967296 LAST\r\n${HEADER}`, 'BDAT 9999999999\r\n']) {
    const client = await begun();
    const accepted = server.log().match(/ <= /g)?.length ?? 0;
    await client.write(text);
    if (text === FIRST) assert.equal(await client.reply(), RECEIVED);
    client.endWriting();
    assert.ok(await client.closed(20_000), text);
    await waitQuiet();
    assert.equal(server.log().match(/ <= /g)?.length ?? 0, accepted, text);
  }
});

/** A command whose line is logged before its reply: what came before it is in the log then. */
async function waitQuiet(): Promise<void> {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.quit();
}

test('a message in chunks of one octet costs memory for a message, not for its chunks', async () => {
  const count = 300_000;
  const { pid } = processTree(server.pid).find(({ role }) => role === 'worker') ?? assert.fail('no worker');
  const grown = await peakGrowthMiB(pid, async () => {
    const client = await begun();
    void client.write(`${FIRST}${'BDAT 1\r\nx'.repeat(count)}BDAT 0 LAST\r\n`);
    for (let index = 0; index <= count; index++) await client.reply();
    assert.match(await client.reply(), /^250- 0 byte chunk, total 300016\n250 OK id=/);
    await client.quit();
  });
  assert.ok(grown < 100, `${grown} MiB`);
});

/** TLS that ends while its socket goes on: `clear` follows close_notify at once. `rest` is what the server sends in the clear then. */
async function secured(clear: string): Promise<{ readonly client: SmtpClient; readonly rest: Promise<string> }> {
  const socket = connectPlain({ port, host: '127.0.0.1' });
  const plain = new SmtpClient(socket);
  await plain.reply();
  await plain.command('EHLO client.test');
  assert.match(await plain.command('STARTTLS'), /^220 /);
  for (const event of ['data', 'end', 'close', 'error']) socket.removeAllListeners(event);
  const heard: Buffer[] = [];
  let isTls = true;
  const wire = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => void socket.write(chunk, () => done()),
    final: (done) => {
      isTls = false;
      socket.end(clear);
      done();
    },
  });
  socket.on('data', (chunk) => void (isTls ? wire.push(chunk) : heard.push(chunk))).on('error', () => {});
  const rest = new Promise<string>((resolve) => {
    socket.once('close', () => {
      wire.push(null);
      resolve(Buffer.concat(heard).toString('latin1'));
    });
  });
  const client = new SmtpClient(connectTls({ socket: wire, rejectUnauthorized: false }));
  assert.match(await client.command('EHLO client.test'), /^250/);
  return { client, rest };
}

test('after TLS has ended no octet in the clear is a command or part of a message', async () => {
  const begin = ['MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>'];
  const places: Readonly<Record<string, (client: SmtpClient) => Promise<void>>> = {
    'between commands': async () => {},
    'within a chunk': async (client) => {
      for (const line of begin) await client.command(line);
      await client.write(`BDAT 40\r\n${HEADER}`);
    },
    'between chunks': async (client) => {
      for (const line of begin) await client.command(line);
      assert.equal(await answer(client, FIRST), RECEIVED);
    },
    'within data': async (client) => {
      for (const line of [...begin, 'DATA']) await client.command(line);
      await client.write(HEADER);
    },
    'within a command': (client) => client.write('MAIL FROM:<cle'),
  };
  const message = 'MAIL FROM:<clear@site.test>\r\nRCPT TO:<clear@site.test>\r\nDATA\r\nSubject: clear\r\n\r\n.\r\n';
  for (const [where, lead] of Object.entries(places)) {
    const { client, rest } = await secured(`ar@site.test>\r\n.\r\nBDAT 3 LAST\r\nabc${message}`);
    await lead(client);
    client.endWriting();
    assert.doesNotMatch(await rest, /^(?:250|354|5[0-9][0-9])/m, where);
  }
  await waitQuiet();
  assert.doesNotMatch(server.log() + server.log('reject'), /clear|<= a@site\.test .*X=TLS/);
  assert.equal(server.log('panic'), '');
});
