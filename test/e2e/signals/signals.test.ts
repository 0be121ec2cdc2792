/** SIGTERM and SIGHUP with sessions open, and the loss of the process that delivers. Spec ch. 5 "-bd", ch. 3; DESIGN 3.10, 3.17. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isAlive, MailServer, placeOptions, signal } from '../support/mail-server.ts';
import { freePorts, isRoot, localUser, Place } from '../support/place.ts';
import { processTree } from '../support/process-tree.ts';
import { SmtpClient, sendMail } from '../support/smtp-client.ts';
import { waitFor } from '../support/wait.ts';

const PARTS = `
primary_hostname = site.test
acl_smtp_rcpt = accept

begin routers
all:
  driver = accept
  transport = box

begin transports
`;

/** Behind the retry rules. */
const AUTHENTICATORS = `
begin authenticators
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = User
  server_condition = true
  server_advertise_condition = true
`;

const RETRY = `
begin retry
*  *  F,1h,15m
`;

interface Running {
  readonly place: Place;
  readonly server: MailServer;
  readonly port: number;
}

/** `transport` is given the place and the options of who it runs as. */
async function start(
  context: TestContext,
  transport: (place: Place, user: string) => string,
  more: Record<string, string> = {},
): Promise<Running> {
  const place = new Place('signals');
  const [port = 0] = await freePorts(1);
  const user = isRoot ? `  user = ${place.account.name}\n  group = ${place.account.gid}\n` : '';
  const text = placeOptions(place, { daemon_smtp_ports: port, ...more }) + PARTS + transport(place, user) + RETRY + AUTHENTICATORS;
  const server = new MailServer(place, text);
  context.after(async () => {
    await server.stop();
    place.remove();
  });
  await server.start();
  return { place, server, port };
}

const maildir = (place: Place, user: string) => `box:
  driver = appendfile
  directory = ${place.path('mail/box')}
  maildir_format
${user}`;

async function greeted(port: number): Promise<SmtpClient> {
  const client = await SmtpClient.open(port);
  assert.match(await client.command('EHLO client.test'), /^250/);
  return client;
}

const ended = (pid: number) => waitFor(`daemon ${pid} ends`, () => !isAlive(pid), 60_000);

test('SIGTERM: nobody new, who is in a transaction finishes it, the others are told; nothing but the spool is left', async (context) => {
  const { place, server, port } = await start(context, maildir);
  const { pid } = server;
  const idle = await greeted(port);
  const asked = await greeted(port);
  assert.match(await asked.command('AUTH LOGIN'), /^334/);
  const busy = await greeted(port);
  assert.match(await busy.command('MAIL FROM:<a@b.test>'), /^250/);
  // a service manager signals every process of the daemon
  for (const process of processTree(pid)) signal(process.pid, 'SIGTERM');
  for (const client of [idle, asked]) {
    assert.equal(await client.reply(), '421 site.test: Service not available - closing connection');
    assert.equal(await client.reply(), '', 'closed');
  }
  assert.ok(isAlive(pid));
  await assert.rejects(SmtpClient.open(port), /ECONNREFUSED/);
  assert.match(await busy.command('RCPT TO:<c@site.test>'), /^250/);
  assert.match(await busy.command('DATA'), /^354/);
  await busy.write('Subject: last\r\n\r\nbody\r\n.\r\n');
  assert.match(await busy.reply(), /^250 OK id=/);
  assert.equal(await busy.reply(), '421 site.test: Service not available - closing connection');
  await ended(pid);
  assert.equal(place.maildir('mail/box').length, 1, 'it was delivered');
  assert.match(server.log(), /SMTP connection from \(client\.test\) \[127\.0\.0\.1\] closed after SIGTERM/);
  assert.equal(server.log('panic'), '');
  assert.deepEqual(
    readdirSync(place.path('spool')).filter((name) => name.startsWith('eximius-')),
    [],
  );
  assert.equal(existsSync(place.path('exim.pid')), false);
});

test('a second SIGTERM ends it at once, and the next daemon takes up what was cut off', async (context) => {
  const { place, server, port } = await start(context, maildir);
  const { pid } = server;
  const busy = await greeted(port);
  assert.match(await busy.command('MAIL FROM:<a@b.test>'), /^250/);
  signal(pid, 'SIGTERM');
  await waitFor('the port is closed', () =>
    SmtpClient.open(port).then(
      () => false,
      () => true,
    ),
  );
  assert.ok(isAlive(pid), 'a session is not over');
  signal(pid, 'SIGTERM');
  await ended(pid);
  assert.equal(await busy.reply(), '');
  assert.ok(existsSync(place.path('spool/eximius-running')));
  await server.start();
  assert.match(await sendMail(port, 'a@b.test', ['c@site.test'], 'Subject: x\n\nbody\n'), /^250/);
  await waitFor('the message', () => place.maildir('mail/box').length === 1);
});

test('SIGHUP: a session keeps the configuration that it began with, later ones have the new one; a broken one is refused', async (context) => {
  const { server, port } = await start(context, maildir, { smtp_banner: 'one' });
  const before = await greeted(port);
  const banner = async () => {
    const client = await SmtpClient.connect(port);
    const text = await client.reply();
    client.close();
    return text;
  };
  assert.equal(await banner(), '220 one');
  const { config } = server;
  const changed = readFileSync(config, 'latin1').replace('smtp_banner = one', 'smtp_banner = two');
  writeFileSync(config, changed, 'latin1');
  signal(server.pid, 'SIGHUP');
  await server.waitForLog(/configuration reloaded/);
  await waitFor('the new banner', async () => (await banner()) === '220 two');
  writeFileSync(config, `${changed.replace('smtp_banner = two', 'smtp_banner = three')}\nnonsense\n`, 'latin1');
  signal(server.pid, 'SIGHUP');
  await server.waitForLog(/configuration not reloaded: /, 'panic');
  assert.equal(await banner(), '220 two');
  assert.match(await before.send({ from: 'a@b.test', to: ['c@site.test'], text: 'Subject: x\n\nbody\n' }), /^250/);
  await before.quit();
});

const repeatable = (place: Place) => `box:
  driver = pipe
  command = /bin/sh ${place.file(
    'etc/deliver',
    `cat > /dev/null\nif mkdir ${place.path('mail/first')} 2>/dev/null; then exec sleep 600; fi\nmkdir ${place.path('mail/second')}\n`,
  )}
  user = ${localUser().name}
`;

test('a delivery whose process is killed is made again, without a retry time', { skip: !isRoot && 'needs root' }, async (context) => {
  const { place, server, port } = await start(context, repeatable);
  assert.match(await sendMail(port, 'a@b.test', ['c@site.test'], 'Subject: x\n\nbody\n'), /^250/);
  await waitFor('the command runs', () => existsSync(place.path('mail/first')));
  const tree = processTree(server.pid);
  context.after(() => {
    for (const { pid, role } of tree) if (role === 'other') signal(pid, 'SIGKILL'); // the command outlives its parent
  });
  for (const { pid, role } of tree) if (role === 'agent-child') signal(pid, 'SIGKILL');
  await server.waitForLog(/c@site\.test: delivery interrupted, to be tried again: the process of the agent was lost/);
  await waitFor('it is made again', () => existsSync(place.path('mail/second')));
  await server.waitForLog(/Completed/);
  assert.doesNotMatch(server.log(), /==|\*\*/);
});

test('the submission socket works in a directory that is root’s, and goes with the daemon', {
  skip: !isRoot && 'needs root',
}, async (context) => {
  const place = new Place('socket');
  const [port = 0] = await freePorts(1);
  const user = `  user = ${place.account.name}\n  group = ${place.account.gid}\n`;
  const text = placeOptions(place, { daemon_smtp_ports: port }) + PARTS + maildir(place, user) + RETRY;
  const server = new MailServer(place, text, {
    program: join(import.meta.dirname, 'socket-program.ts'),
    environment: { SUBMIT_DIRECTORY: place.directory, MAIL_ACCOUNT: place.account.name },
  });
  context.after(async () => {
    await server.stop();
    place.remove();
  });
  mkdirSync(place.path('run'), { mode: 0o755 });
  await server.start();
  const { uid, gid } = localUser();
  const sent = await server.run('sendmail', ['c@site.test'], { input: 'Subject: x\n\nbody\n', ids: { uid, gid } });
  assert.deepEqual(sent, { status: 0, stdout: '', stderr: '' });
  await waitFor('the message', () => place.maildir('mail/box').length === 1);
  assert.deepEqual(readdirSync(place.path('drop')), [], 'it did not wait for a daemon');
  const mode = statSync(place.path('run/submit')).mode & 0o777;
  assert.equal(mode, 0o666);
  await server.stop();
  assert.deepEqual(readdirSync(place.path('run')), []);
});

test('a command line of root makes the log directory for Exim’s user', { skip: !isRoot && 'needs root' }, async (context) => {
  const place = new Place('logs');
  context.after(() => place.remove());
  const parts = placeOptions(place, { log_file_path: place.path('var/log/%slog') }) + PARTS + maildir(place, '') + RETRY;
  const server = new MailServer(place, parts);
  const sent = await server.exim(['-odq', 'c@site.test'], { input: 'Subject: x\n\nbody\n' });
  assert.deepEqual(sent, { status: 0, stdout: '', stderr: '' });
  assert.match(place.read('var/log/mainlog'), / <= /);
  assert.equal(statSync(place.path('var/log')).uid, place.account.uid);
});
