/** swaks as client: authentication, TLS, PRDR, pipelining, XCLIENT, the PROXY protocol, its kinds of data and of EHLO names. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type CommandOptions, type CommandResult, runCommand } from '../support/mail-server.ts';
import { FROM, findProgram, HOST, missing, Site, USER } from './site.ts';

const SWAKS = findProgram('swaks') ?? '';
const skip = missing('swaks');
const site = await Site.forTests('swaks');
const LOGIN = ['--auth-user', USER.user, '--auth-password', USER.pass];
const BOX = 'box@site.test';

function swaks(from: string, to: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const addresses = [...(from === '' ? [] : ['--from', from]), '--to', to];
  // where it takes its settings from otherwise
  const environment = { HOME: site.place.directory, SWAKS_HOME: site.place.directory };
  return runCommand(SWAKS, ['--server', '127.0.0.1', '--port', String(site.port), '--helo', 'swaks.test', ...addresses, ...args], {
    environment,
    ...options,
  });
}

/** A message that must be accepted; its log line and file. */
async function send(
  from: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<{ readonly line: string; readonly text: string; readonly dialogue: string }> {
  const { status, stdout, stderr } = await swaks(from, BOX, args, options);
  assert.equal(status, 0, stdout + stderr);
  const { id, line } = await site.arrival(from === '' ? '<>' : from);
  return { line, text: await site.delivered(id), dialogue: stdout };
}

/** What swaks received: its lines with `<-`, `<~` (TLS) or `<*` (an error). */
function replies(dialogue: string): string[] {
  return dialogue
    .split('\n')
    .filter((line) => /^<[-~*]/.test(line))
    .map((line) => line.slice(4).replace(/^(250 .*\bid=)\S+/, '$1x'));
}

const PLAIN_HOST = 'H=(swaks.test) [127.0.0.1]:port I=[127.0.0.1]:port';

test('swaks: a message in the clear', { skip }, async () => {
  const { line, text, dialogue } = await send('plain@swaks.test', ['--header', 'Subject: plain', '--body', 'one\\n.\\n..two\\n']);
  assert.equal(line, `<= plain@swaks.test ${PLAIN_HOST} P=esmtp L.- S=n M8S=0 id=x from <plain@swaks.test> for ${BOX}`);
  assert.match(text, /^Envelope-to: box@site\.test\n/m);
  assert.match(
    text,
    new RegExp(
      `^Received: from \\[127\\.0\\.0\\.1\\] \\(port=\\d+ helo=swaks\\.test\\)\n\tby ${HOST.replaceAll('.', '\\.')} with esmtp \\(Exim 4\\.\\S+\\)\n\t\\(envelope-from <plain@swaks\\.test>\\)\n\tid \\S+\n\tfor box@site\\.test;\n\t`,
      'm',
    ),
  );
  assert.ok(text.endsWith('\n\none\n.\n..two\n\n\n'), text);
  assert.deepEqual(replies(dialogue), [
    replies(dialogue)[0],
    `250-${HOST} Hello swaks.test [127.0.0.1]`,
    '250-SIZE 52428800',
    '250-LIMITS MAILMAX=1000 RCPTMAX=50000',
    '250-8BITMIME',
    '250-DSN',
    '250-PIPELINING',
    '250-PIPECONNECT',
    '250-AUTH PLAIN LOGIN CRAM-MD5',
    '250-CHUNKING',
    '250-STARTTLS',
    '250-PRDR',
    '250-SMTPUTF8',
    '250 HELP',
    '250 OK',
    '250 Accepted',
    '354 Enter message, ending with "." on a line by itself',
    '250 OK id=x',
    `221 ${HOST} closing connection`,
  ]);
});

for (const [method, name] of [
  ['PLAIN', 'plain'],
  ['LOGIN', 'login'],
  ['CRAM-MD5', 'cram'],
] as const) {
  for (const [how, args, protocol, tls] of [
    ['in the clear', [], 'esmtpa', ''],
    ['under STARTTLS', ['--tls'], 'esmtpsa', ' X=TLS1.3'],
  ] as const) {
    test(`swaks: AUTH ${method} ${how}`, { skip }, async () => {
      const from = `${name}.${protocol}@swaks.test`;
      const { line } = await send(from, [...args, '--auth', method, ...LOGIN]);
      assert.equal(
        line,
        `<= ${from} ${PLAIN_HOST} P=${protocol} L.-${tls} A=${name}:${USER.user} S=n M8S=0 id=x from <${from}> for ${BOX}`,
      );
    });
  }

  test(`swaks: AUTH ${method} with a wrong password`, { skip }, async () => {
    site.newLogLines();
    const wrong = ['--auth', method, '--auth-user', USER.user, '--auth-password', 'wrong'];
    const { status, stdout } = await swaks('wrong@swaks.test', BOX, wrong);
    assert.equal(status, 28, stdout);
    assert.ok(replies(stdout).includes('535 Incorrect authentication data'), stdout);
    await site.server.waitForLog(new RegExp(`${name} authenticator failed .*535 Incorrect authentication data`));
    const line = site.newLogLines().find((entry) => entry.includes('authenticator failed')) ?? '';
    assert.match(
      line,
      new RegExp(
        `^${name} authenticator failed for \\(swaks\\.test\\) \\[127\\.0\\.0\\.1\\]:\\d+ I=\\[127\\.0\\.0\\.1\\]:\\d+: 535 Incorrect authentication data \\(set_id=${USER.user}\\)$`,
      ),
    );
  });
}

test('swaks: --auth-optional goes on without', { skip }, async () => {
  const { line } = await send('optional@swaks.test', ['--auth-optional', 'CRAM-SHA1', ...LOGIN]);
  assert.match(line, / P=esmtp L\.- S=/);
});

test('swaks: --tls-on-connect, with a name and in both versions', { skip }, async () => {
  for (const [version, shown] of [
    ['tlsv1_2', 'TLS1.2'],
    ['tlsv1_3', 'TLS1.3'],
  ] as const) {
    const from = `${version}@swaks.test`;
    const { line } = await send(from, [
      '--tls-on-connect',
      '--port',
      String(site.securePort),
      '--tls-protocol',
      version,
      '--tls-sni',
      'sni.test',
    ]);
    assert.equal(line, `<= ${from} ${PLAIN_HOST} P=esmtps L.- X=${shown} SNI=sni.test S=n M8S=0 id=x from <${from}> for ${BOX}`);
  }
});

test('swaks: --tls-optional', { skip }, async () => {
  const { line } = await send('tlso@swaks.test', ['--tls-optional']);
  assert.match(line, / P=esmtps L\.- X=TLS1\.3 S=/);
});

test('swaks: a client certificate', { skip }, async () => {
  const shown = ['--tls', '--tls-cert', site.clientPem, '--tls-key', site.clientPem];
  for (const [from, address, args, facts] of [
    ['shown@swaks.test', FROM.certified, shown, ' CV=yes DN="/CN=client.test"'],
    ['asked.shown@swaks.test', FROM.asked, shown, ' CV=yes DN="/CN=client.test"'],
    ['asked@swaks.test', FROM.asked, ['--tls'], ''], // there was none to verify
  ] as const) {
    const { line } = await send(from, ['--local-interface', address, ...args]);
    assert.equal(
      line,
      `<= ${from} H=(swaks.test) [${address}]:port I=[127.0.0.1]:port P=esmtps L.- X=TLS1.3${facts} S=n M8S=0 id=x from <${from}> for ${BOX}`,
    );
  }
  const { status, stdout } = await swaks('none@swaks.test', BOX, ['--local-interface', FROM.certified, '--tls']);
  assert.notEqual(status, 0, stdout);
  await site.server.waitForLog(/TLS error on connection from \(swaks\.test\) \[127\.0\.0\.5\]/);
  assert.doesNotMatch(site.server.log(), /<= none@swaks\.test/);
});

test('swaks: --pipeline', { skip }, async () => {
  const { line, dialogue } = await send('pipe@swaks.test', ['--pipeline']);
  assert.equal(line, `<= pipe@swaks.test ${PLAIN_HOST} P=esmtp L. S=n M8S=0 id=x from <pipe@swaks.test> for ${BOX}`);
  assert.deepEqual(replies(dialogue).slice(-5), [
    '250 OK',
    '250 Accepted',
    '354 Enter message, ending with "." on a line by itself',
    '250 OK id=x',
    `221 ${HOST} closing connection`,
  ]);
});

test('swaks: --pipeline with a recipient that is refused', { skip }, async () => {
  const { stdout } = await swaks('some@swaks.test', `nobody@site.test,${BOX},later@site.test`, ['--pipeline']);
  assert.deepEqual(replies(stdout).slice(-7), [
    '250 OK',
    '550 no such user',
    '250 Accepted',
    '451 come back',
    '354 Enter message, ending with "." on a line by itself',
    '250 OK id=x',
    `221 ${HOST} closing connection`,
  ]);
  const { line } = await site.arrival('some@swaks.test');
  assert.ok(line.endsWith(` from <some@swaks.test> for ${BOX}`), line);
});

test('swaks: --prdr', { skip }, async () => {
  const { stdout } = await swaks('prdr@swaks.test', `${BOX},picky@site.test,hold@site.test`, ['--prdr']);
  assert.deepEqual(replies(stdout).slice(-7), [
    '354 Enter message, ending with "." on a line by itself',
    '353 PRDR content analysis beginning',
    '250 PRDR R=<box@site.test> acceptance',
    '550 not for picky',
    '250 PRDR R=<hold@site.test> acceptance',
    '250 id=x message accepted for some recipients',
    `221 ${HOST} closing connection`,
  ]);
  const { line } = await site.arrival('prdr@swaks.test');
  assert.equal(
    line,
    `<= prdr@swaks.test ${PLAIN_HOST} P=esmtp L.- PRDR S=n M8S=0 id=x from <prdr@swaks.test> for ${BOX} picky@site.test hold@site.test`,
  );
});

test('swaks: the whole message is refused', { skip }, async () => {
  const { status, stdout } = await swaks('refused@swaks.test', BOX, ['--header', 'Subject: refused']);
  assert.equal(status, 26, stdout);
  assert.ok(replies(stdout).includes('550 not this subject'), stdout);
});

test('swaks: XCLIENT', { skip }, async () => {
  const xclient = ['--xclient-addr', '192.0.2.7', '--xclient-port', '4711', '--xclient-name', 'far.test', '--xclient-login', 'eve'];
  const { line, text } = await send('xclient@swaks.test', ['--local-interface', FROM.xclient, ...xclient]);
  assert.equal(
    line,
    `<= xclient@swaks.test H=far.test (swaks.test) [192.0.2.7]:port I=[127.0.0.1]:port P=esmtpa L.- A=xclient:eve PRX=${FROM.xclient} S=n M8S=0 id=x from <xclient@swaks.test> for ${BOX}`,
  );
  assert.match(text, /^Received: from far\.test \(\[192\.0\.2\.7\]:4711 helo=swaks\.test\)$/m);
});

test('swaks: XCLIENT before STARTTLS, and for hosts that may not', { skip }, async () => {
  const before = ['--local-interface', FROM.xclient, '--xclient-before-starttls', '--xclient', 'ADDR=192.0.2.8', '--tls'];
  const { line } = await send('early@swaks.test', before);
  assert.match(
    line,
    /^<= early@swaks\.test H=\(swaks\.test\) \[192\.0\.2\.8\]:port I=\[127\.0\.0\.1\]:port P=esmtps L\.- X=TLS1\.3 PRX=127\.0\.0\.4 S=/,
  );
  const { status, stdout } = await swaks('may-not@swaks.test', BOX, ['--xclient-addr', '192.0.2.7']);
  assert.equal(status, 33, stdout); // it was not offered
});

test('swaks: the PROXY protocol, both versions and LOCAL', { skip }, async () => {
  const proxied = ['--proxy-source', '192.0.2.9', '--proxy-source-port', '4711', '--proxy-dest', '198.51.100.1', '--proxy-dest-port', '25'];
  for (const version of ['1', '2']) {
    const from = `v${version}@swaks.test`;
    const args = ['--local-interface', FROM.proxy, '--proxy-version', version, '--proxy-family', version === '1' ? 'TCP4' : 'AF_INET'];
    const { line } = await send(from, [...args, '--proxy-protocol', 'STREAM', ...proxied, '--tls']);
    assert.equal(
      line,
      `<= ${from} H=(swaks.test) [192.0.2.9]:port I=[127.0.0.1]:port P=esmtps L.- X=TLS1.3 PRX=${FROM.proxy} S=n M8S=0 id=x from <${from}> for ${BOX}`,
    );
  }
  // the proxy does not know for whom it speaks
  const unknown = ['--local-interface', FROM.proxy, '--proxy-version', '1', '--proxy', 'UNKNOWN'];
  const { line } = await send('unknown@swaks.test', unknown);
  assert.equal(
    line,
    `<= unknown@swaks.test H=(swaks.test) [${FROM.proxy}]:port I=[127.0.0.1]:port P=esmtp L.- S=n M8S=0 id=x from <unknown@swaks.test> for ${BOX}`,
  );
});

test('swaks: a PROXY header that is none', { skip }, async () => {
  for (const args of [
    ['--proxy-version', '1', '--proxy', 'TCP4 192.0.2.9 nowhere 1 2'],
    // a signature, and a command that does not exist behind it
    ['--proxy-version', '2', '--proxy', '\x22\x11\x01\x01'],
  ]) {
    const { status, stdout } = await swaks('bad@swaks.test', BOX, ['--local-interface', FROM.proxy, ...args]);
    assert.equal(status, 22, stdout);
    const refused = '503 Command refused, required Proxy negotiation failed';
    assert.deepEqual(replies(stdout).slice(1), [refused, refused, `221 ${HOST} closing connection`]);
  }
});

test('swaks: an attachment', { skip }, async () => {
  const octets = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256));
  const path = site.place.file('etc/octets.bin', octets.toString('latin1'));
  const { text } = await send('attach@swaks.test', ['--attach', `@${path}`, '--attach-body', 'the words']);
  const encoded = /Content-Transfer-Encoding: BASE64\n\n([A-Za-z0-9+/=\n]+)\n/.exec(text)?.[1] ?? '';
  assert.deepEqual(Buffer.from(encoded, 'base64'), readFileSync(path));
});

test('swaks: DATA from standard input, as it is and large', { skip }, async () => {
  const body = Array.from({ length: 40_000 }, (_, index) => `${index % 100 === 0 ? '.' : ''}line ${index} ${'x'.repeat(100)}`).join('\n');
  const message = `From: <stdin@swaks.test>\nTo: <${BOX}>\nSubject: from stdin\nX-Bits: caf\xe9\n\n${body}\n`;
  const { text } = await send('stdin@swaks.test', ['--data', '-', '--no-data-fixup', '--protocol', 'ESMTP'], {
    input: `${message.replaceAll(/^\./gm, '..').replaceAll('\n', '\r\n')}.\r\n`,
  });
  assert.ok(text.includes('\nX-Bits: caf\xe9\n\n'));
  assert.equal(text.slice(text.indexOf('\n\n') + 2), `${body}\n`);
  const { text: fixed } = await send('g@swaks.test', ['-g'], { input: `Subject: g\n\n${body}\n` });
  assert.equal(fixed.slice(fixed.indexOf('\n\n') + 2), `${body}\n\n`);
});

test('swaks: no sender, HELO, and where it stops early', { skip }, async () => {
  const { line } = await send('', ['--from', '<>', '--protocol', 'SMTP']);
  assert.equal(line, `<= <> ${PLAIN_HOST} P=smtp S=n M8S=0 id=x from <> for ${BOX}`);
  for (const stop of ['CONNECT', 'FIRST-HELO', 'MAIL', 'RCPT']) {
    const { status, stdout } = await swaks('quits@swaks.test', BOX, ['--quit-after', stop]);
    assert.equal(status, 0, stdout);
    assert.equal(replies(stdout).at(-1), `221 ${HOST} closing connection`);
  }
  const { status } = await swaks('drops@swaks.test', BOX, ['--drop-after-send', 'DATA']);
  assert.equal(status, 0);
  await site.server.waitForLog(/unexpected disconnection while reading SMTP command|SMTP connection from .*lost/);
  assert.doesNotMatch(site.server.log(), /<= (?:quits|drops)@/);
});

for (const name of [
  '[192.0.2.1]',
  '[IPv6:2001:db8::1]',
  '127.0.0.1',
  'localhost',
  'a-b.c--d.test.',
  'a..b',
  'x'.repeat(255),
  'y'.repeat(3000),
]) {
  test(`swaks: --ehlo ${name.slice(0, 20)}`, { skip }, async () => {
    const from = `ehlo.${name.length}.${name.charCodeAt(0)}@swaks.test`;
    const { line, dialogue } = await send(from, ['--ehlo', name]);
    assert.equal(replies(dialogue)[1], `250-${HOST} Hello ${name} [127.0.0.1]`);
    assert.ok(line.startsWith(`<= ${from} H=(${name}) [127.0.0.1]:port I=`), line);
  });
}

for (const name of ['two words', 'under_score', '@', 'a;b', '<angle>', '[300.1.1.1]', '[::1', 'caf\u00e9.test']) {
  test(`swaks: --ehlo ${name} is refused`, { skip }, async () => {
    const { status, stdout } = await swaks('junk@swaks.test', BOX, ['--ehlo', name]);
    assert.equal(status, 22, stdout);
    const [, ...answers] = replies(stdout);
    const refused = ['501 Syntactically invalid EHLO argument(s)', '501 Syntactically invalid HELO argument(s)'];
    assert.deepEqual(answers, [...refused, `221 ${HOST} closing connection`]);
    await site.server.waitForLog(/rejected EHLO from \[127\.0\.0\.1\]:[0-9]+ I=\S+: syntactically invalid argument\(s\): /);
  });
}
