/** openssl s_client: STARTTLS and TLS on connect, versions, names (SNI, ALPN), resumption, renegotiation, connections that end without a farewell. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';
import { certificateOf, FROM, findProgram, HOST, missing, Site } from './site.ts';

const OPENSSL = findProgram('openssl') ?? '';
const skip = missing('openssl');
const ETC = '$spool_directory/../etc';
const site = await Site.forTests('openssl', {
  tls_certificate: `\${if exists{${ETC}/for-$tls_in_sni.pem}{${ETC}/for-$tls_in_sni.pem}{${ETC}/mail.pem}}`,
});
site.place.certificate('etc/for-other.test.pem', 'other.test');
const BOX = 'box@site.test';

const STARTTLS = ['-connect', `127.0.0.1:${site.port}`, '-starttls', 'smtp'];
const ON_CONNECT = ['-connect', `127.0.0.1:${site.securePort}`];
const CLIENT = 'H=(client.test) [127.0.0.1]:port I=[127.0.0.1]:port';

/** A running s_client: what it is told line by line, and all that it shows. */
class Dialogue {
  readonly #child: ChildProcess;
  #shown = '';
  #read = 0;
  #hasEnded = false;

  constructor(args: readonly string[]) {
    this.#child = spawn(OPENSSL, ['s_client', '-crlf', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('latin1').on('data', (text: string) => (this.#shown += text.replaceAll('\r', '')));
    this.#child.stdin?.on('error', () => {}); // the server may end first
    this.#child.once('close', () => (this.#hasEnded = true));
  }

  get shown(): string {
    return this.#shown;
  }

  /** The next line that matches, in what was shown since the last one. */
  async seen(pattern: RegExp): Promise<string> {
    return waitFor(
      () => `${pattern} in ${this.#shown}`,
      () => {
        const match = pattern.exec(this.#shown.slice(this.#read));
        if (match) this.#read += match.index + match[0].length;
        return match?.[0];
      },
    );
  }

  /** The last line of the reply. */
  async command(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return (await this.seen(/^\d{3} .*\n/m)).trimEnd();
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Without a farewell of TLS. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async ended(): Promise<string> {
    await waitFor(
      () => `s_client ends: ${this.#shown}`,
      () => this.#hasEnded,
    );
    return this.#shown;
  }
}

/** A whole session with one message. */
async function deliver(
  from: string,
  args: readonly string[],
): Promise<{ readonly line: string; readonly text: string; readonly shown: string }> {
  const dialogue = new Dialogue(['-quiet', ...args]);
  try {
    await dialogue.seen(args.includes('-starttls') ? /^250 HELP\n/m : /^220 .*\n/m);
    assert.equal(await dialogue.command('EHLO client.test'), '250 HELP');
    assert.equal(await dialogue.command(`MAIL FROM:<${from}>`), '250 OK');
    assert.equal(await dialogue.command(`RCPT TO:<${BOX}>`), '250 Accepted');
    assert.match(await dialogue.command('DATA'), /^354 /);
    dialogue.write('Subject: s_client\n\nRenegotiate? No: Quit.\n..dot\n');
    assert.match(await dialogue.command('.'), /^250 OK id=/);
    assert.match(await dialogue.command('QUIT'), /^221 /);
    const shown = await dialogue.ended();
    const { id, line } = await site.arrival(from);
    return { line, text: await site.delivered(id), shown };
  } finally {
    dialogue.kill();
  }
}

/** A session that says nothing but EHLO and QUIT; what s_client shows of TLS. */
async function look(args: readonly string[]): Promise<string> {
  const dialogue = new Dialogue(['-ign_eof', ...args]);
  try {
    await dialogue.seen(args.includes('-starttls') ? /^250 HELP\n/m : /^220 .*\n/m);
    await dialogue.command('EHLO client.test');
    await dialogue.command('QUIT');
    return await dialogue.ended();
  } finally {
    dialogue.kill();
  }
}

/** A handshake that must fail. */
async function fail(args: readonly string[]): Promise<string> {
  const dialogue = new Dialogue(['-ign_eof', ...args]);
  try {
    return await dialogue.ended();
  } finally {
    dialogue.kill();
  }
}

for (const [how, where] of [
  ['starttls', STARTTLS],
  ['on-connect', ON_CONNECT],
] as const) {
  for (const [version, shown] of [
    ['tls1_2', 'TLS1.2'],
    ['tls1_3', 'TLS1.3'],
  ] as const) {
    test(`openssl: ${how}, -${version}`, { skip }, async () => {
      const from = `${how}.${version}@client.test`;
      const { line, text } = await deliver(from, [...where, `-${version}`]);
      assert.equal(line, `<= ${from} ${CLIENT} P=esmtps L.- X=${shown} S=n M8S=0 from <${from}> for ${BOX}`);
      assert.ok(text.endsWith('\n\nRenegotiate? No: Quit.\n.dot\n'), text);
    });
  }
}

test('openssl: SNI', { skip }, async () => {
  const { line } = await deliver('sni@client.test', [...ON_CONNECT, '-servername', 'other.test']);
  assert.match(line, / X=TLS1\.3 SNI=other\.test S=n /);
});

test('openssl: a certificate for the name that is asked for', { skip }, async () => {
  for (const [name, subject] of [
    ['other.test', 'other.test'],
    ['unknown.test', HOST],
    ['../etc/for-other.test', HOST],
  ] as const) {
    for (const version of ['tls1_2', 'tls1_3'])
      assert.match(await look([...ON_CONNECT, '-servername', name, `-${version}`]), new RegExp(`^subject=CN = ${subject}$`, 'm'));
    assert.match(await look([...STARTTLS, '-servername', name]), new RegExp(`^subject=CN = ${subject}$`, 'm'));
  }
  assert.match(await look([...ON_CONNECT, '-noservername']), new RegExp(`^subject=CN = ${HOST}$`, 'm'));
});

test('openssl: a client certificate', { skip }, async () => {
  const shown = ['-cert', site.clientPem, '-key', site.clientPem, '-bind', `${FROM.certified}:0`];
  const { line } = await deliver('certified@client.test', [...STARTTLS, ...shown]);
  assert.match(line, / X=TLS1\.3 CV=yes DN="\/CN=client\.test" S=n /);
  // one that nobody trusts
  const other = site.place.certificate('etc/other.pem', 'other.test');
  const refused = await fail([...ON_CONNECT, '-cert', other, '-key', other, '-bind', `${FROM.certified}:0`]);
  assert.doesNotMatch(refused, /^220 /m);
  await site.server.waitForLog(
    /TLS error on connection from \[127\.0\.0\.5\].* \(SSL_accept\): error:0A000086:SSL routines::certificate verify failed/,
  );
});

test('openssl: ALPN', { skip }, async () => {
  assert.match(await look([...ON_CONNECT, '-alpn', 'smtp']), /^ALPN protocol: smtp$/m);
  assert.match(await look(STARTTLS), /^No ALPN negotiated$/m);
  for (const names of ['http/1.1', 'smtp,http/1.1']) {
    const shown = await fail([...ON_CONNECT, '-alpn', names]);
    assert.match(shown, /alert no application protocol/);
    assert.doesNotMatch(shown, /^220 /m);
  }
});

test('openssl: the certificate, and what is verified of it', { skip }, async () => {
  const ours = site.place.file('etc/ours.pem', certificateOf(site.place.read('etc/mail.pem')));
  const shown = await look([...ON_CONNECT, '-CAfile', ours, '-verify_return_error', '-verify_hostname', HOST, '-servername', HOST]);
  assert.match(shown, /^Verification: OK$/m);
  assert.match(shown, new RegExp(`^Verified peername: ${HOST.replaceAll('.', '\\.')}$`, 'm'));
});

test('openssl: versions and ciphers that nobody takes any more', { skip }, async () => {
  for (const args of [
    ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
    ['-tls1_2', '-cipher', 'NULL:eNULL:@SECLEVEL=0'],
  ]) {
    const shown = await fail([...ON_CONNECT, ...args]);
    assert.doesNotMatch(shown, /^220 /m);
    assert.match(shown, /alert|no ciphers available/);
  }
});

test('openssl: sessions are not resumed by default', { skip }, async () => {
  for (const version of ['tls1_2', 'tls1_3']) {
    const kept = site.place.path(`etc/${version}.session`);
    assert.match(await look([...STARTTLS, `-${version}`, '-sess_out', kept]), /^New, TLSv1\.[23], /m);
    if (!existsSync(kept)) continue; // none was offered
    assert.match(await look([...STARTTLS, `-${version}`, '-sess_in', kept]), /^New, TLSv1\.[23], /m);
  }
});

test('openssl: renegotiation is refused', { skip }, async () => {
  const dialogue = new Dialogue([...STARTTLS, '-tls1_2']);
  try {
    await dialogue.seen(/^250 HELP\n/m);
    await dialogue.command('EHLO renegotiates.test');
    dialogue.write('R\n');
    assert.match(await dialogue.ended(), /no renegotiation|alert|closed/);
  } finally {
    dialogue.kill();
  }
  await site.server.waitForLog(/SMTP connection from \(renegotiates\.test\) /);
});

test('openssl: STARTTLS twice, and commands under TLS know nothing of before', { skip }, async () => {
  const dialogue = new Dialogue(['-quiet', ...STARTTLS]);
  try {
    await dialogue.seen(/^250 HELP\n/m);
    assert.equal(await dialogue.command('MAIL FROM:<x@client.test>'), '503 HELO or EHLO required');
    dialogue.write('EHLO client.test\n');
    await dialogue.seen(/^250 HELP\n/m);
    assert.doesNotMatch(dialogue.shown.slice(dialogue.shown.lastIndexOf('Hello')), /STARTTLS/);
    assert.equal(await dialogue.command('STARTTLS'), '503 STARTTLS command used when not advertised');
    assert.match(await dialogue.command('QUIT'), /^221 /);
  } finally {
    dialogue.kill();
  }
});

test('openssl: a connection that ends without close_notify', { skip }, async () => {
  const dialogue = new Dialogue(['-quiet', ...ON_CONNECT]);
  try {
    await dialogue.seen(/^220 .*\n/m);
    await dialogue.command('EHLO cut.test');
    await dialogue.command('MAIL FROM:<cut@client.test>');
    await dialogue.command(`RCPT TO:<${BOX}>`);
    await dialogue.command('DATA');
    dialogue.write('Subject: cut\n\nhalf\n');
  } finally {
    dialogue.kill();
  }
  await site.server.waitForLog(
    /SMTP connection from \(cut\.test\) \[127\.0\.0\.1\]:\d+ I=\[127\.0\.0\.1\]:\d+ lost while reading message data/,
  );
  assert.ok(!site.server.log().includes('<= cut@'));
});

test('openssl: who speaks SMTP where TLS is expected, and the other way round', { skip }, async () => {
  const plain = await SmtpClient.connect(site.securePort);
  const from = `[127.0.0.1]:${plain.socket.localPort} `;
  await plain.write('EHLO plain.test\r\n');
  assert.ok(await plain.closed(10_000));
  plain.close();
  await look(ON_CONNECT); // what the server has to say of the first one is said by now
  const lines = site.server
    .log()
    .split('\n')
    .filter((line) => line.includes(from));
  assert.equal(lines.length, 2, lines.join('\n'));
  assert.match(lines[0] ?? '', / SMTP connection from /);
  assert.match(lines[1] ?? '', / TLS error on connection from .* \(SSL_accept\): error:0A00010B:SSL routines::wrong version number$/);
  assert.doesNotMatch(await fail(['-connect', `127.0.0.1:${site.port}`]), /^250 /m);
});
