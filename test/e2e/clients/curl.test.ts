/** curl as client: smtp:// and smtps://, STARTTLS required, authentication, AUTH= of MAIL, several recipients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandResult, runCommand } from '../support/mail-server.ts';
import { findProgram, HOST, missing, Site, USER } from './site.ts';

const CURL = findProgram('curl') ?? '';
const skip = missing('curl');
const site = await Site.forTests('curl');
const BOX = 'box@site.test';
const CLIENT = 'H=(curl.test) [127.0.0.1]:port I=[127.0.0.1]:port';
const MESSAGE = 'From: <someone@curl.test>\r\nSubject: from curl\r\n\r\n.\r\n..two\r\ncaf\xe9\r\n';
const CREDENTIALS = ['--user', `${USER.user}:${USER.pass}`];

/** `--silent --insecure --verbose`: the dialogue is on standard error. */
function curl(args: readonly string[], url = `smtp://127.0.0.1:${site.port}/curl.test`, input = MESSAGE): Promise<CommandResult> {
  return runCommand(CURL, ['-q', '--silent', '--insecure', '--verbose', '--url', url, ...args], { input });
}

async function send(
  from: string,
  args: readonly string[],
  url?: string,
): Promise<{ readonly id: string; readonly line: string; readonly dialogue: string }> {
  const { status, stderr } = await curl(['--mail-from', from, '--mail-rcpt', BOX, '--upload-file', '-', ...args], url);
  assert.equal(status, 0, stderr);
  return { ...(await site.arrival(from)), dialogue: stderr };
}

/** Lines that curl received. */
function replies(dialogue: string): string[] {
  return dialogue
    .split('\n')
    .filter((line) => line.startsWith('< '))
    .map((line) => line.slice(2).trimEnd());
}

test('curl: in the clear', { skip }, async () => {
  const { id, line } = await send('plain@curl.test', []);
  assert.equal(line, `<= plain@curl.test ${CLIENT} P=esmtp L.- S=n M8S=0 from <plain@curl.test> for ${BOX}`);
  const text = await site.delivered(id);
  assert.ok(text.endsWith('\nFrom: <someone@curl.test>\nSubject: from curl\n\n.\n..two\ncaf\xe9\n'), text);
});

test('curl: --ssl-reqd', { skip }, async () => {
  for (const [from, args, version] of [
    ['tls12@curl.test', ['--tls-max', '1.2'], 'TLS1.2'],
    ['tls13@curl.test', ['--tlsv1.3'], 'TLS1.3'],
  ] as const) {
    const { line } = await send(from, ['--ssl-reqd', ...args]);
    assert.equal(line, `<= ${from} ${CLIENT} P=esmtps L.- X=${version} S=n M8S=0 from <${from}> for ${BOX}`);
  }
});

test('curl: smtps://', { skip }, async () => {
  const from = 'smtps@curl.test';
  const { line } = await send(from, ['--resolve', `${HOST}:${site.securePort}:127.0.0.1`], `smtps://${HOST}:${site.securePort}/curl.test`);
  assert.equal(line, `<= ${from} ${CLIENT} P=esmtps L.- X=TLS1.3 SNI=${HOST} S=n M8S=0 from <${from}> for ${BOX}`);
});

for (const [method, name] of [
  ['PLAIN', 'plain'],
  ['LOGIN', 'login'],
  ['CRAM-MD5', 'cram'],
] as const) {
  test(`curl: AUTH ${method}`, { skip }, async () => {
    const from = `auth.${name}@curl.test`;
    const { line } = await send(from, ['--ssl-reqd', ...CREDENTIALS, '--login-options', `AUTH=${method}`]);
    assert.equal(line, `<= ${from} ${CLIENT} P=esmtpsa L.- X=TLS1.3 A=${name}:${USER.user} S=n M8S=0 from <${from}> for ${BOX}`);
  });
}

test('curl: AUTH with an initial response, and a wrong password', { skip }, async () => {
  const from = 'initial@curl.test';
  const { line } = await send(from, ['--sasl-ir', ...CREDENTIALS, '--login-options', 'AUTH=PLAIN']);
  assert.match(line, / P=esmtpa L\.- A=plain:ale /);
  const { status, stderr } = await curl(['--mail-from', from, '--mail-rcpt', BOX, '--upload-file', '-', '--user', 'ale:wrong']);
  assert.equal(status, 67, stderr);
  assert.ok(replies(stderr).includes('535 Incorrect authentication data'), stderr);
});

test('curl: --mail-auth', { skip }, async () => {
  const args = [...CREDENTIALS, '--login-options', 'AUTH=PLAIN', '--mail-auth', 'someone@curl.test'];
  const { line } = await send('mailauth@curl.test', args);
  assert.match(line, / P=esmtpa L\.- A=plain:ale:<someone@curl\.test> S=n /); // curl sends it in brackets
  // who is not authenticated is not believed
  const { line: other } = await send('other@curl.test', ['--mail-auth', 'someone@curl.test']);
  assert.match(other, / P=esmtp L\.- S=n /);
});

test('curl: several recipients, one is refused', { skip }, async () => {
  const rest = ['--mail-rcpt', BOX, '--mail-rcpt', 'nobody@site.test', '--mail-rcpt', 'two@site.test', '--upload-file', '-'];
  const all = await curl(['--mail-from', 'several@curl.test', ...rest]);
  assert.equal(all.status, 55, all.stderr);
  assert.ok(replies(all.stderr).includes('550 no such user'));
  assert.ok(!site.server.log().includes('<= several@'));
  const some = await curl(['--mail-from', 'some@curl.test', '--mail-rcpt-allowfails', ...rest]);
  assert.equal(some.status, 0, some.stderr);
  const { line } = await site.arrival('some@curl.test');
  assert.ok(line.endsWith(` from <some@curl.test> for ${BOX} two@site.test`), line);
});

test('curl: SIZE, SMTPUTF8, an empty sender', { skip }, async () => {
  const path = site.place.file('etc/message', MESSAGE);
  const octets = Buffer.from('\u00fc@curl.test').toString('latin1');
  const utf8 = await curl(['--mail-from', '\u00fc@curl.test', '--mail-rcpt', 'b\u00f6x@site.test', '--upload-file', path]);
  assert.equal(utf8.status, 0, utf8.stderr);
  assert.match(utf8.stderr, /> MAIL FROM:<\xc3\xbc@curl\.test> SIZE=\d+ SMTPUTF8/);
  assert.match((await site.arrival(octets)).line, / P=utf8esmtp L\.- S=n M8S=0 from /);
  const bounce = await curl(['--mail-from', '', '--mail-rcpt', BOX, '--upload-file', path]);
  assert.equal(bounce.status, 0, bounce.stderr);
  const { line } = await site.arrival('<>');
  assert.match(line, /^<= <> .* from <> for box@site\.test$/);
});

test('curl: VRFY, EXPN, HELP', { skip }, async () => {
  const verified = await curl(['--mail-rcpt', BOX]);
  assert.ok(replies(verified.stderr).includes('252 Administrative prohibition'), verified.stderr);
  const expanded = await curl(['--mail-rcpt', BOX, '--request', 'EXPN']);
  assert.ok(
    replies(expanded.stderr).some((line) => line.startsWith('550 ')),
    expanded.stderr,
  );
  const helped = await curl([]);
  assert.ok(replies(helped.stderr).includes('214-Commands supported:'), helped.stderr);
});
