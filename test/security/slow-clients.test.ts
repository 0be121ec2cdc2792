/**
 * Clients that send an octet at a time, or nothing: in a command, in data, in chunks, in an answer of AUTH, in a TLS handshake, behind PROXY. Each is cut off by
 * smtp_receive_timeout, smtp_command_deadline or proxy_protocol_timeout, with Exim's words, and holds no other client up.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';

const PROXY = '127.0.8.1';
/** Between two octets: less than the time for silence. */
const DRIP_MS = 200;
const SILENCE_SECONDS = 2;
const COMMAND_SECONDS = 3;

const place = new Place('slow');
const [port = 0, securePort = 0] = await freePorts(2);
const server = new MailServer(
  place,
  `${placeOptions(place, {
    daemon_smtp_ports: `${port} : ${securePort}`,
    tls_on_connect_ports: securePort,
    primary_hostname: 'mail.site.test',
    tls_advertise_hosts: '*',
    tls_certificate: place.certificate('etc/mail.pem', 'mail.site.test'),
    auth_advertise_hosts: '*',
    hosts_proxy: PROXY,
    proxy_protocol_timeout: '2s',
    smtp_accept_max_nonmail: 1_000_000_000,
    smtp_receive_timeout: `${SILENCE_SECONDS}s`,
    smtp_command_deadline: `${COMMAND_SECONDS}s`,
    acl_smtp_rcpt: 'accept',
    acl_smtp_data: 'accept',
  })}
begin routers
gone:
  driver = redirect
  data = :blackhole:
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = false
`,
);

before(() => server.start());
after(async () => {
  await server.stop();
  place.remove();
});

const TRANSACTION = ['EHLO client.test', 'MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>'];
const COMMAND_TIMEOUT = '421 mail.site.test: SMTP command timeout - closing connection';
const DATA_TIMEOUT = '421 mail.site.test SMTP incoming data timeout - closing connection.';

interface SlowClient {
  readonly lead: readonly string[];
  /** Said behind the lead, and not answered. */
  readonly start?: string;
  readonly drips: string;
  /** The last words of the server. */
  readonly end: string;
  /** To who says nothing instead; default: the same. */
  readonly endOfSilence?: string;
  readonly log: RegExp;
  readonly from?: string;
  readonly port?: number;
}

const COMMAND_LOG = /SMTP command timeout on connection from/;
const DATA_LOG = /SMTP data timeout \(message abandoned\) on connection from .* F=<a@site\.test>/;
const TLS_LOG = /TLS error on connection from/;

const slowClients: Readonly<Record<string, SlowClient>> = {
  'a command': { lead: ['EHLO client.test'], drips: 'x', end: COMMAND_TIMEOUT, log: COMMAND_LOG },
  'a first command': { lead: [], drips: 'EHLO ', end: COMMAND_TIMEOUT, log: COMMAND_LOG },
  'an answer of AUTH': { lead: ['EHLO client.test', 'AUTH PLAIN'], drips: 'Q', end: COMMAND_TIMEOUT, log: COMMAND_LOG },
  'a header': { lead: [...TRANSACTION, 'DATA'], drips: 'x', end: DATA_TIMEOUT, log: DATA_LOG },
  'lines of a header': { lead: [...TRANSACTION, 'DATA'], drips: 'a:\r\n', end: DATA_TIMEOUT, log: DATA_LOG },
  'a body': { lead: [...TRANSACTION, 'DATA'], drips: '\r\n', end: DATA_TIMEOUT, log: DATA_LOG },
  'a chunk': { lead: TRANSACTION, start: 'BDAT 1000000\r\n', drips: 'x', end: DATA_TIMEOUT, log: DATA_LOG },
  'a command behind a chunk': {
    lead: [...TRANSACTION, 'BDAT 3\r\nx: '],
    drips: 'BDAT 1000000\r\n',
    end: COMMAND_TIMEOUT,
    log: COMMAND_LOG,
  },
  'chunks of an octet': { lead: TRANSACTION, drips: 'BDAT 1\r\nx', end: DATA_TIMEOUT, endOfSilence: COMMAND_TIMEOUT, log: DATA_LOG },
  'a chunk without a message': { lead: ['EHLO client.test'], drips: 'BDAT 1000000\r\n', end: COMMAND_TIMEOUT, log: COMMAND_LOG },
  'a handshake behind STARTTLS': {
    lead: ['EHLO client.test', 'STARTTLS'],
    drips: '\x16\x03\x01\x3f\xff\x01\0\x3f\xfb\x03\x03',
    end: '',
    endOfSilence: COMMAND_TIMEOUT,
    log: TLS_LOG,
  },
  'a handshake': { lead: [], drips: '\x16\x03\x01\x3f\xff\x01\0\x3f\xfb\x03\x03', end: '', log: TLS_LOG, port: securePort },
  'a PROXY header': { lead: [], drips: 'PROXY TCP4 192.0.2.1', end: COMMAND_TIMEOUT, log: COMMAND_LOG, from: PROXY },
};

async function drip(client: SmtpClient, octets: string): Promise<void> {
  for (let at = 0; !client.isClosed; at++) {
    await client.write(octets[at % octets.length] ?? '');
    await new Promise((resolve) => setTimeout(resolve, DRIP_MS).unref());
  }
}

async function lastWords(client: SmtpClient): Promise<string> {
  let last = '';
  for (let reply = await client.reply(); reply !== ''; reply = await client.reply()) last = reply;
  return last;
}

async function open({ from, port: other = port, lead, start = '' }: SlowClient): Promise<SmtpClient> {
  const client = await SmtpClient.connect(other, from === undefined ? {} : { localAddress: from });
  if (other === port && from === undefined) await client.reply();
  for (const line of lead) await client.command(line);
  if (start !== '') await client.write(start);
  return client;
}

test('clients that drip', { concurrency: true }, async (context) => {
  for (const [name, slow] of Object.entries(slowClients))
    void context.test(name, async () => {
      const client = await open(slow);
      const dripping = drip(client, slow.drips);
      assert.equal(await lastWords(client), slow.end);
      client.close();
      await dripping;
      await server.waitForLog(slow.log);
    });
  void context.test('another client is served at once', async () => {
    const client = await SmtpClient.open(port);
    for (const line of TRANSACTION) assert.match(await client.command(line), /^250/);
    await client.quit();
  });
});

test('clients that say nothing', { concurrency: true }, async (context) => {
  for (const [name, slow] of Object.entries(slowClients))
    void context.test(name, async () => {
      const client = await open(slow);
      assert.equal(await lastWords(client), slow.endOfSilence ?? slow.end);
      client.close();
    });
});

test('who has sent half a command hears the replies to those before it', async () => {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.write('MAIL FROM:<a@site.test>\r\nRCPT TO:<b@site.test>\r\nRSE');
  assert.equal(await client.reply(), '250 OK');
  assert.equal(await client.reply(), '250 Accepted');
  assert.equal(await client.command('T'), '250 Reset OK');
  await client.quit();
});

test('a client that reads nothing is cut off', async () => {
  const client = await SmtpClient.open(port);
  client.socket.pause();
  await client.write('EHLO reader.test\r\n');
  const isClosed = new Promise((resolve) => client.socket.once('close', resolve).on('error', () => {}));
  const help = 'HELP\r\n'.repeat(10_000);
  for (let round = 0; round < 2000 && !client.socket.destroyed; round++) {
    const isTaken = client.socket.write(help);
    if (!isTaken) await Promise.race([isClosed, new Promise((resolve) => client.socket.once('drain', resolve))]);
  }
  client.socket.resume();
  await isClosed;
  await server.waitForLog(/SMTP command timeout on connection from \(reader\.test\)/);
});
