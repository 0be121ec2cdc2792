/** DKIM signatures of messages that are sent: keys in files and in the configuration, what they sign, and what becomes of messages that cannot be signed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { keyRecord, privatePem, type TestKey } from '../../../src/checks/dkim/signing-fixture.ts';
import { MailServer, placeOptions } from '../support/mail-server.ts';
import { freePorts, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { SmtpSink, type SunkMessage } from '../support/smtp-sink.ts';

const place = new Place('dkim-signing');
const [port = 0] = await freePorts(1);
const sink = await SmtpSink.start();

/** The transport is named by the recipient's domain. */
const TRANSPORTS: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  simple: ['dkim_canon = simple', 'headers_add = X-Added: 1', 'headers_remove = Subject', 'dkim_sign_headers = From:+X-Added:+Subject'],
  dual: ['dkim_selector = rsa : ed', `dkim_private_key = ${place.path('keys')}/$dkim_selector.pem`],
  inline: [`dkim_private_key = \${readfile{${place.path('keys/rsa.pem')}}{}}`],
  senders: [
    `dkim_domain = \${lookup{$sender_address_domain}lsearch{${place.path('keys/domains')}}{$value}}`,
    `dkim_private_key = ${place.path('keys')}/\${if eq{$dkim_domain}{signed.ex}{ed}{rsa}}.pem`,
  ],
  times: ['dkim_timestamps = 3600', 'dkim_identity = @mail.$dkim_domain'],
  off: ['dkim_private_key = 0', 'dkim_strict = true'],
  missing: [`dkim_private_key = ${place.path('keys/none.pem')}`],
  strict: [`dkim_private_key = ${place.path('keys/none.pem')}`, 'dkim_strict = ${if eq{$dkim_selector}{rsa}{true}}'],
  broken: [`dkim_private_key = ${place.path('keys/domains')}`],
  unexpanded: ['dkim_domain = ${nothing'],
  renewed: [`dkim_private_key = ${place.path('keys/renewed.pem')}`],
};

function transport(name: string, options: readonly string[]): string {
  const set = new Map([
    ['dkim_domain', 'Test.ex'],
    ['dkim_selector', 'rsa'],
    ['dkim_private_key', place.path('keys/rsa.pem')],
    ...options.map((line): [string, string] => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)]),
  ]);
  const lines = [...set].map(([option, value]) => `  ${option} = ${value}\n`).join('');
  return `${name}:\n  driver = smtp\n  hosts = 127.0.0.1\n  port = ${sink.port}\n  allow_localhost\n${lines}`;
}

const server = new MailServer(
  place,
  `${placeOptions(place, {
    primary_hostname: 'mail.site.test',
    daemon_smtp_ports: port,
    tls_advertise_hosts: '',
    log_selector: '+dkim_verbose',
    acl_smtp_rcpt: 'accept',
  })}
begin routers
${Object.keys(TRANSPORTS)
  .map((name) => `${name}:\n  driver = accept\n  domains = ${name}.test\n  transport = ${name}\n`)
  .join('')}
begin transports
${Object.entries(TRANSPORTS)
  .map(([name, options]) => transport(name, options))
  .join('')}
begin retry
* * F,1d,15m
`,
);

before(async () => {
  place.file('keys/rsa.pem', privatePem('rsa2048'));
  place.file('keys/ed.pem', privatePem('ed25519'));
  place.file('keys/renewed.pem', privatePem('rsa1024'));
  place.file('keys/domains', 'signed.ex: signed.ex\n');
  await server.start();
});
after(async () => {
  await server.stop();
  await sink.stop();
  place.remove();
});

const BODY = `${'all work  and no play \r\n'.repeat(20_000)}.\r\n..dots\r\n\r\n`;

async function submit(recipient: string, sender = 'joe@test.ex', body = BODY): Promise<void> {
  const client = await SmtpClient.open(port);
  try {
    await client.command('EHLO client.test');
    const text = `From: ${sender}\r\nSubject: test\r\n\r\n${body}`;
    assert.match(await client.send({ from: sender, to: [recipient], text }), /^250/);
  } finally {
    client.close();
  }
}

async function sent(recipient: string, sender?: string, body?: string): Promise<SunkMessage> {
  const count = sink.messages.length;
  await submit(recipient, sender, body);
  const message = (await sink.waitForMessages(count + 1))[count];
  assert.ok(message);
  return message;
}

/** Domain, selector and result of each signature. */
async function judged({ text }: SunkMessage, keys: Readonly<Record<string, TestKey>>): Promise<string[]> {
  const { results } = await dkimVerify(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'), {
    resolver: async (name: string) => {
      const key = keys[name.slice(0, name.indexOf('.'))];
      assert.ok(key, name);
      return [[keyRecord(key)]];
    },
  });
  return results.map(({ signingDomain, selector, status }) => `${signingDomain} ${selector} ${status.result}`);
}

const KEYS: Readonly<Record<string, TestKey>> = { rsa: 'rsa2048', ed: 'ed25519' };

test('a large message is signed as it is sent, and the log tells by whom', async () => {
  assert.deepEqual(await judged(await sent('a@plain.test'), KEYS), ['test.ex rsa pass']);
  await server.waitForLog(/=> a@plain\.test .* DKIM=test\.ex:rsa C="250/);
});

test('the simple form, of header lines that the transport adds and removes', async () => {
  const message = await sent('a@simple.test');
  assert.match(
    message.text,
    /^DKIM-Signature: v=1; a=rsa-sha256; q=dns\/txt; c=simple\/simple; d=test\.ex;\n\ts=rsa; h=X-Added:From:X-Added:Subject;/,
  );
  assert.deepEqual(await judged(message, KEYS), ['test.ex rsa pass']);
});

test('an RSA and an Ed25519 key, whose file is named by the selector', async () => {
  assert.deepEqual(await judged(await sent('a@dual.test'), KEYS), ['test.ex rsa pass', 'test.ex ed pass']);
});

test('a key in the option itself, without its line breaks', async () => {
  assert.deepEqual(await judged(await sent('a@inline.test'), KEYS), ['test.ex rsa pass']);
});

test('domains by the sender: others are not signed', async () => {
  assert.deepEqual(await judged(await sent('a@senders.test', 'joe@signed.ex'), { rsa: 'ed25519' }), ['signed.ex rsa pass']);
  const { text } = await sent('b@senders.test', 'joe@other.ex');
  assert.ok(!text.includes('DKIM-Signature'));
});

test('times and identity', async () => {
  const { text } = await sent('a@times.test');
  const [, identity, created = 0, expires = 0] = /i=(\S+);\s+t=([0-9]+);\s+x=([0-9]+);/.exec(text) ?? [];
  assert.equal(identity, '@mail.test.ex');
  assert.equal(Number(expires) - Number(created), 3600);
});

test('an empty body', async () => {
  assert.deepEqual(await judged(await sent('empty@plain.test', 'joe@test.ex', ''), KEYS), ['test.ex rsa pass']);
  assert.deepEqual(await judged(await sent('empty@simple.test', 'joe@test.ex', ''), KEYS), ['test.ex rsa pass']);
});

test('a key of 0: not signed, also when that is strict', async () => {
  const { text } = await sent('a@off.test');
  assert.ok(!text.includes('DKIM-Signature'));
});

test('what cannot be signed goes out unsigned, and the panic log says why', async () => {
  const reasons: Readonly<Record<string, RegExp>> = {
    missing: /unable to open file for reading: \S+\/none\.pem/,
    broken: /DKIM: signing failed: PRIVKEY/,
    unexpanded: /failed to expand dkim_domain: /,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const { text } = await sent(`a@${name}.test`);
    assert.ok(!text.includes('DKIM-Signature'), name);
    assert.match(server.log('panic'), reason);
  }
});

test('dkim_strict: the message waits', async () => {
  const count = sink.messages.length;
  await submit('a@strict.test');
  await server.waitForLog(/ DKIM: message could not be signed, and dkim_strict is set\. Deferring message delivery\.$/);
  await server.waitForLog(
    / == a@strict\.test R=strict T=strict defer \(13\): Permission denied H=127\.0\.0\.1 \[127\.0\.0\.1\]: 127\.0\.0\.1 \[127\.0\.0\.1\]$/,
  );
  assert.equal(sink.messages.length, count);
});

test('another key in the same file', async () => {
  assert.deepEqual(await judged(await sent('a@renewed.test'), { rsa: 'rsa1024' }), ['test.ex rsa pass']);
  place.file('keys/renewed.pem', privatePem('rsa2048'));
  assert.deepEqual(await judged(await sent('b@renewed.test'), { rsa: 'rsa2048' }), ['test.ex rsa pass']);
});
