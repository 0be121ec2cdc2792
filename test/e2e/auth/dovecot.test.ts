/** Authenticators that ask a real Dovecot: every mechanism it offers that our clients know, several at once, and what happens when it is gone. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { findProgram, missing } from '../clients/site.ts';
import { MailServer, placeOptions, runCommand } from '../support/mail-server.ts';
import { freePorts, isRoot, Place } from '../support/place.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const skip = missing('dovecot');
const DOVECOT = findProgram('dovecot') ?? '';
const SWAKS = findProgram('swaks') ?? '';
const USER = 'fred';
const PASSWORD = 'secret word';
const MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-256'];

const [port = 0] = skip === false ? await freePorts(1) : [];
const place = new Place('dovecot');
const server = new MailServer(place, configuration());
let dovecot: ChildProcess | undefined;

before(async () => {
  if (skip !== false) return;
  await startDovecot();
  await server.start();
});

after(async () => {
  await server.stop();
  await stopDovecot();
  place.remove();
});

function configuration(): string {
  const authenticators = MECHANISMS.map(
    (name) => `
dove_${name.toLowerCase().replaceAll('-', '_')}:
  driver = dovecot
  public_name = ${name}
  server_socket = ${place.path('auth-client')}
  server_set_id = $auth1
`,
  );
  return `${placeOptions(place, { daemon_smtp_ports: port, acl_smtp_rcpt: 'rcpt', rfc1413_query_timeout: '0s', smtp_accept_max: 0 })}
begin acl
rcpt:
  accept authenticated = *
  deny   message = not without a password
begin authenticators
${authenticators.join('')}
broken:
  driver = dovecot
  public_name = BROKEN
  server_socket = ${place.path('nowhere')}
`;
}

async function startDovecot(): Promise<void> {
  place.file('users', `${USER}:{PLAIN}${PASSWORD}\n`);
  const owners = isRoot ? '' : `default_internal_user = ${place.account.name}\ndefault_login_user = ${place.account.name}\n`;
  const config = place.file(
    'dovecot.conf',
    `base_dir = ${place.path('run')}
state_dir = ${place.path('state')}
log_path = ${place.path('log/dovecot')}
${owners}protocols =
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = ${MECHANISMS.join(' ').toLowerCase()} anonymous
passdb {
  driver = passwd-file
  args = ${place.path('users')}
}
service auth {
  unix_listener ${place.path('auth-client')} {
    mode = 0666
  }
}
service anvil {
  ${isRoot ? '' : 'chroot ='}
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
${isRoot ? '' : 'service stats {\n  chroot =\n}\n'}`,
  );
  dovecot = spawn(DOVECOT, ['-F', '-c', config], { stdio: 'ignore' });
  await waitFor(
    () => `Dovecot listens: ${place.read('log/dovecot')}`,
    () => existsSync(place.path('auth-client')),
  );
}

async function stopDovecot(): Promise<void> {
  const child = dovecot;
  dovecot = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}

const base64 = (text: string | Buffer) => Buffer.from(text as string, 'latin1').toString('base64');

async function client(): Promise<SmtpClient> {
  const smtp = await SmtpClient.open(port);
  await smtp.command('EHLO client.test');
  return smtp;
}

/** One that rejects has said why in the last line of the log about a failed authentication. */
function lastFailure(): string {
  return (
    server
      .log()
      .match(/[^\n]*authenticator failed[^\n]*/g)
      ?.at(-1)
      ?.slice('2026-01-01 00:00:00 '.length) ?? ''
  );
}

for (const mechanism of ['PLAIN', 'LOGIN', 'CRAM-MD5']) {
  test(`swaks: ${mechanism}`, { skip: skip || missing('swaks') }, async () => {
    const args = ['--server', `127.0.0.1:${port}`, '--helo', 'client.test', '--from', 'a@dovecot.test', '--to', 'b@dovecot.test'];
    const login = ['--quit-after', 'RCPT', '--auth', mechanism, '--auth-user', USER, '--auth-password'];
    const good = await runCommand(SWAKS, [...args, ...login, PASSWORD]);
    assert.match(good.stdout, /235 Authentication succeeded[^]*RCPT TO[^]*250 Accepted/);
    const bad = await runCommand(SWAKS, [...args, ...login, 'wrong']);
    assert.match(bad.stdout, /535 Incorrect authentication data/);
    const name = `dove_${mechanism.toLowerCase().replace('-', '_')}`;
    assert.equal(
      lastFailure(),
      `${name} authenticator failed for (client.test) [127.0.0.1]: 535 Incorrect authentication data (set_id=${USER})`,
    );
  });
}

test('PLAIN without its data at once, LOGIN with it, answers that are none', { skip }, async () => {
  const smtp = await client();
  assert.equal(await smtp.command('AUTH PLAIN'), '334 ');
  assert.match(await smtp.command(base64(`\0${USER}\0${PASSWORD}`)), /^235 /);
  await smtp.quit();
  const other = await client();
  assert.equal(await other.command(`AUTH LOGIN ${base64(USER)}`), `334 ${base64('Password:')}`);
  assert.match(await other.command('*'), /^501 Authentication cancelled/);
  assert.match(await other.command('AUTH PLAIN not base64'), /^535 /);
  assert.match(await other.command(`AUTH PLAIN ${base64('x')}\tsecured\tresp=${base64(`\0${USER}\0${PASSWORD}`)}`), /^535 /);
  assert.equal(await other.command('AUTH LOGIN'), `334 ${base64('Username:')}`);
  assert.match(await other.command(`${base64(USER)}\tx`), /^535 /);
  assert.match(await other.command(`AUTH PLAIN ${base64(`\0${USER}\0${PASSWORD}`)}`), /^235 /);
  await other.quit();
});

test('SCRAM-SHA-256, whose server proves itself, too', { skip }, async () => {
  for (const [password, expected] of [
    [PASSWORD, /^235 /],
    ['wrong', /^535 /],
  ] as const) {
    const smtp = await client();
    const bare = `n=${USER},r=clientnonce`;
    const first = await smtp.command(`AUTH SCRAM-SHA-256 ${base64(`n,,${bare}`)}`);
    assert.match(first, /^334 /);
    const serverFirst = Buffer.from(first.slice('334 '.length), 'base64').toString('latin1');
    const [, nonce = '', salt = '', iterations = ''] = /^r=(.*),s=(.*),i=([0-9]+)$/.exec(serverFirst) ?? [];
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
    const key = createHmac('sha256', salted).update('Client Key').digest();
    const unproved = `c=biws,r=${nonce}`;
    const said = `${bare},${serverFirst},${unproved}`;
    const signature = createHmac('sha256', createHash('sha256').update(key).digest()).update(said).digest();
    const proof = Buffer.from(key.map((octet, index) => octet ^ (signature[index] ?? 0)));
    let reply = await smtp.command(base64(`${unproved},p=${proof.toString('base64')}`));
    if (reply.startsWith('334 ')) {
      const serverKey = createHmac('sha256', salted).update('Server Key').digest();
      const proved = createHmac('sha256', serverKey).update(said).digest('base64');
      assert.equal(Buffer.from(reply.slice('334 '.length), 'base64').toString('latin1'), `v=${proved}`);
      reply = await smtp.command('');
    }
    assert.match(reply, expected);
    await smtp.quit();
  }
});

test('many at once: each is a client of its own to the service', { skip }, async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, client));
  await Promise.all(clients.map((smtp) => smtp.command('AUTH LOGIN')));
  await Promise.all(clients.map((smtp) => smtp.command(base64(USER))));
  const replies = await Promise.all(clients.map((smtp) => smtp.command(base64(PASSWORD))));
  assert.deepEqual(new Set(replies), new Set(['235 Authentication succeeded']));
  await Promise.all(clients.map((smtp) => smtp.quit()));
});

test('no service: try later, and the log says why', { skip }, async () => {
  const smtp = await client();
  assert.equal(await smtp.command('AUTH BROKEN'), '435 Unable to authenticate at present');
  const start =
    'authenticator failed for (client.test) [127.0.0.1]: 435 Unable to authenticate at present: unable to connect to UNIX socket';
  await waitFor('the log says so', () => lastFailure().startsWith('broken'));
  assert.equal(lastFailure(), `broken ${start} (${place.path('nowhere')}): No such file or directory`);
  await stopDovecot();
  const data = base64(`\0${USER}\0${PASSWORD}`);
  assert.equal(await smtp.command(`AUTH PLAIN ${data}`), '435 Unable to authenticate at present');
  await startDovecot();
  await waitFor('the service is asked again', async () => (await smtp.command(`AUTH PLAIN ${data}`)).startsWith('235'));
  await smtp.quit();
});
