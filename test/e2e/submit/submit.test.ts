/** Command lines of users without rights: the daemon runs them by the rules for who calls, without a daemon messages wait. DESIGN 3.11; Spec ch. 5. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CommandResult, MailServer, placeOptions } from '../support/mail-server.ts';
import { findAccount, freePorts, isRoot, localUser, Place } from '../support/place.ts';
import { waitFor } from '../support/wait.ts';

const HOST = 'site.test';
const TO = 'to@site.test';
const TEXT = 'Subject: x\n\nbody\n';

const parts = (place: Place) => `
primary_hostname = ${HOST}
acl_smtp_rcpt = accept
acl_not_smtp = check
untrusted_set_sender = *@allowed.test
queue_only_override

begin acl
check:
  deny condition = \${if match{$h_subject:}{refuse}}
       message = not this
  accept

begin routers
kept:
  driver = redirect
  local_parts = kept
  data = :defer: later
  allow_defer
all:
  driver = accept
  transport = box

begin transports
box:
  driver = appendfile
  directory = ${place.path('mail/box')}
  maildir_format
  user = ${place.account.name}
  group = ${place.account.gid}

begin retry
*  *  F,1h,15m
`;

/** The program without the choice of a configuration: so it is the daemon's. */
class SubmitSite {
  readonly place = new Place('submit');
  readonly server: MailServer;
  readonly user = localUser();

  constructor(port: number) {
    const { place } = this;
    this.server = new MailServer(place, placeOptions(place, { daemon_smtp_ports: port }) + parts(place), {
      program: join(import.meta.dirname, '../signals/socket-program.ts'),
      environment: { SUBMIT_DIRECTORY: place.directory, MAIL_ACCOUNT: place.account.name },
    });
    mkdirSync(place.path('run'), { mode: 0o755 });
  }

  get own(): string {
    return `${this.user.name}@${HOST}`;
  }

  /** As the user. */
  run(args: readonly string[], input = '', calledAs = 'sendmail'): Promise<CommandResult> {
    const { uid, gid } = this.user;
    return this.server.run(calledAs, args, { input, ids: { uid, gid } });
  }

  /** Several command lines side by side, each with how it is expected to end. */
  async expect(
    lines: readonly (readonly [args: readonly string[], expected: CommandResult, input?: string, calledAs?: string])[],
  ): Promise<void> {
    const results = await Promise.all(lines.map(([args, , input, calledAs]) => this.run(args, input, calledAs)));
    for (const [index, [args, expected]] of lines.entries()) assert.deepEqual(results[index], expected, args.join(' '));
  }

  get logAndPanics(): string {
    return this.server.log() + this.server.log('panic');
  }
}

const ENDED = (status: number, stderr = '', stdout = ''): CommandResult => ({ status, stdout, stderr });
const dialogue = `ehlo here\nmail from:<other@x.test>\nrcpt to:<${TO}>\ndata\n${TEXT}.\n`;
const batch = `mail from:<other@x.test>\nrcpt to:<${TO}>\ndata\n${TEXT}.\n`;

test('with a daemon', { skip: !isRoot && 'needs root' }, async (context) => {
  const [port = 0] = await freePorts(1);
  const site = new SubmitSite(port);
  const { server, place } = site;
  context.after(async () => {
    await server.stop();
    place.remove();
  });
  await server.start();
  const arrives = async (lines: number, pattern: RegExp) => {
    await waitFor(
      () => `${pattern} in\n${site.logAndPanics}`,
      () => (server.log().match(new RegExp(pattern, 'gm')) ?? []).length === lines,
    );
  };

  await context.test('a message is taken from the user itself, whatever it says', async () => {
    await site.expect([
      [[TO], ENDED(0), TEXT],
      [['-bm', TO], ENDED(0), TEXT],
      [['-i', '-f', 'other@x.test', TO], ENDED(0), TEXT],
      [['-odi', TO], ENDED(0), TEXT],
      [['-t'], ENDED(0), `To: ${TO}\nBcc: ${TO}\n${TEXT}`],
      [['-ti'], ENDED(0), `To: ${TO}\n\n.\n`],
      [['-f', 'me@allowed.test', TO], ENDED(0), TEXT],
    ]);
    await arrives(6, new RegExp(` <= ${site.own} U=${site.user.name} P=local S=`));
    await arrives(1, / <= me@allowed\.test /);
    await arrives(7, / Completed$/);
  });

  await context.test('a large message with every octet', async () => {
    const octets = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const body = `${octets.replace(/[\r\n]/g, '')}\n`.repeat(10_000);
    assert.deepEqual(await site.run(['-i', 'large@site.test'], `Subject: large\n\n${body}`), ENDED(0));
    const found = await waitFor('the large message', () => place.maildir('mail/box').find((message) => /^Subject: large$/m.test(message)));
    assert.ok(found.endsWith(`\n\n${body}`));
  });

  await context.test('errors have the exit status and text that was asked for', async () => {
    await site.expect([
      [['-oep', 'a b@c'], ENDED(1, 'exim: bad recipient address "a b@c": missing or malformed local part (expected word or "<")\n'), TEXT],
      [['-oem', 'a b@c'], ENDED(1), TEXT],
      [['-oee', 'a b@c'], ENDED(0), TEXT],
      [['-oep', TO], ENDED(1, 'exim: message rejected by non-SMTP ACL: not this\n'), 'Subject: refuse\n\n'],
      [['--nonsense', TO], ENDED(1, 'exim abandoned: unknown, malformed, or incomplete option --nonsense\n'), TEXT],
    ]);
    const [none, nobody, nothing] = await Promise.all([
      site.run(['-t', '-oep'], TEXT),
      site.run(['-t', '-f', '<>'], TEXT),
      site.run([], TEXT),
    ]);
    assert.match(none.stderr, /no recipients found in headers\nexim: no recipients in message\n$/);
    assert.deepEqual([none.status, nobody.status, nothing.status], [1, 2, 1]);
  });

  await context.test('SMTP on standard input', async () => {
    const [{ status, stdout, stderr }, broken] = await Promise.all([site.run(['-bs'], `${dialogue}quit\n`), site.run(['-bs'], dialogue)]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(
      stdout,
      /^220 site\.test ESMTP .*\r\n250-site\.test Hello \w+ at here\r\n(?:250.*\r\n)+354 .*\r\n250 OK id=.*\r\n221 site\.test closing connection\r\n$/,
    );
    assert.equal(broken.status, 1);
    assert.match(broken.stdout, /\r\n421 site\.test lost input connection\r\n$/);
  });

  await context.test('batch SMTP', async () => {
    await site.expect([
      [['-bS'], ENDED(0), batch],
      [[], ENDED(0), batch, 'rsmtp'],
    ]);
    const [broken, begun] = await Promise.all([site.run(['-bS'], `${batch}nonsense\n`), site.run(['-bS'], 'nonsense\n')]);
    assert.equal(begun.status, 2);
    assert.equal(broken.status, 1);
    assert.match(broken.stdout, /^500 Command unrecognized\n/);
    assert.match(broken.stderr, /\n1 previous message was successfully processed\.\nThe rest of the batch was abandoned\.\n$/);
  });

  await context.test('the queue', async () => {
    assert.deepEqual(await site.run(['-odi', 'kept@site.test'], TEXT), ENDED(0));
    const [id = ''] = await server.queue();
    assert.match(id, /^\w{6}-\w{11}-\w{4}$/, site.logAndPanics);
    const denied = ENDED(1, '', 'Permission denied\n');
    const deniedQueue = ENDED(1, 'exim: permission denied\n');
    // the other actions and letters: test/differential/submission.tsv
    await site.expect([
      [['-Mvh', id], denied],
      [['-Mar', id, 'a@b.test'], denied],
      [['-M', id], ENDED(1, 'exim: Permission denied\n')],
      [['-qff'], deniedQueue],
      [[], deniedQueue, '', 'mailq'],
      [['-d', '-bp'], ENDED(1, 'exim: debugging permission denied\n')],
      [['-be', '$primary_hostname'], ENDED(0, '', `${HOST}\n`)],
    ]);
    assert.deepEqual(await site.run(['-Mrm', id]), ENDED(0, '', `Message ${id} has been removed\n`), 'the own message');
    assert.deepEqual(await server.queue(), []);
    await server.run('exim', ['-odi', 'kept@site.test'], { input: TEXT });
    const [other = ''] = await server.queue();
    assert.deepEqual(await site.run(['-Mrm', other]), denied, 'the message of another');
  });
});

test('without a daemon messages wait for it, and everything else is to be tried again later', {
  skip: !isRoot && 'needs root',
}, async (context) => {
  const [port = 0] = await freePorts(1);
  const site = new SubmitSite(port);
  const { server, place } = site;
  context.after(async () => {
    await server.stop();
    place.remove();
  });
  const noDaemon = 'exim: no daemon is running: try again later\n';
  const noDirectory = `exim: no daemon is running and the message cannot be kept in ${place.path('drop')}: No such file or directory\n`;
  assert.deepEqual(await site.run([TO], TEXT), ENDED(75, noDirectory));
  mkdirSync(place.path('drop'));
  await server.start(); // makes it what it must be
  await server.stop();
  const later = ENDED(75, noDaemon);
  await site.expect([
    [['-bs'], later, dialogue],
    [[], later, batch, 'rsmtp'],
    [['-bp'], later],
    [[], later, '', 'runq'],
    [['-Mrm', '1abcde-000000-00'], later],
    [[TO, '-k'], ENDED(1, 'exim abandoned: unknown, malformed, or incomplete option -k\n'), TEXT],
  ]);
});

test('what waited is sent when the daemon starts, by the rules for who dropped it', { skip: !isRoot && 'needs root' }, async (context) => {
  const [port = 0] = await freePorts(1);
  const site = new SubmitSite(port);
  const { server, place } = site;
  context.after(async () => {
    await server.stop();
    place.remove();
  });
  await server.start();
  await server.stop();
  const account = findAccount(place.account.name);
  assert.ok(account);
  await site.expect([
    [['-f', 'other@x.test', TO], ENDED(0), TEXT],
    [['-t'], ENDED(0), `To: ${TO}\n${TEXT}`],
    [['-t', '-oep'], ENDED(0), TEXT], // what is wrong is not known yet
  ]);
  assert.equal(readdirSync(place.path('drop')).length, 3);
  await server.start();
  await waitFor(
    () => site.logAndPanics,
    () => (server.log().match(new RegExp(` <= ${site.own} U=${site.user.name} P=local S=`, 'g')) ?? []).length === 2,
  );
  await server.waitForLog(new RegExp(`dropped message of uid ${site.user.uid}: exim: no recipients in message`));
  await waitFor('nothing waits', () => readdirSync(place.path('drop')).length === 0);
  await waitFor('both in the mailbox', () => place.maildir('mail/box').length === 2);
});
