/**
 * `node test/acceptance/exim-spool.ts`, as root on a machine that has Exim 4.96 (Debian's exim4): both programs work on one spool with
 * one configuration. What one has queued the other lists and delivers, in the state in which it was left, and what one holds the other leaves alone.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, constants, existsSync, openSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { type CommandResult, MailServer, placeOptions, runCommand } from '../e2e/support/mail-server.ts';
import { freePorts, isRoot, Place } from '../e2e/support/place.ts';
import { SmtpClient, sendMail } from '../e2e/support/smtp-client.ts';
import { SmtpSink } from '../e2e/support/smtp-sink.ts';
import { waitFor } from '../e2e/support/wait.ts';

const EXIM = '/usr/sbin/exim4';
const HOST = 'mail.site.test';
const FROM = 'someone@sender.test';
const LARGE = 300_000;

const CONFIG = `
.ifdef _OPT_MAIN_MESSAGE_ID_FORMAT
message_id_format = short
.endif
.ifdef _OPT_MAIN_WORKERS
workers = 1
.endif
primary_hostname = ${HOST}
domainlist local_domains = @
queue_only
tls_certificate = PLACE/etc/exim.pem
tls_advertise_hosts = *
log_selector = +all_parents
acl_smtp_connect = connect
acl_smtp_rcpt = accept
acl_smtp_data = data

begin acl
connect:
  accept set acl_c_origin = from \${sender_host_address}
data:
  accept set acl_m_lines = one\\ntwo
         add_header = X-Added: $acl_c_origin

begin routers
slow:
  driver = accept
  local_parts = slow
  domains = +local_domains
  transport = slow
later:
  driver = manualroute
  local_parts = later
  route_list = * 127.0.0.2
  self = send
  transport = remote
local:
  driver = accept
  domains = +local_domains
  transport = maildir

begin transports
remote:
  driver = smtp
  port = SINK_PORT
slow:
  driver = pipe
  command = /bin/cat PLACE/fifo
  user = USER
  ignore_status
maildir:
  driver = appendfile
  directory = PLACE/mail/\${lookup{$local_part}lsearch*{PLACE/etc/boxes}}
  maildir_format
  return_path_add
  envelope_to_add
  user = USER

begin retry
*  *  F,1h,1s

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = true
  server_set_id = $auth2
`;

class SharedSpool {
  readonly place = new Place('exchange');
  readonly server: MailServer;
  readonly port: number;
  readonly sinkPort: number;

  constructor(port: number, sinkPort: number) {
    const { place } = this;
    this.port = port;
    this.sinkPort = sinkPort;
    place.certificate('etc/exim.pem', HOST);
    place.file('etc/boxes', 'a: a\nb: b\n*: other\n');
    execFileSync('mkfifo', [place.path('fifo')]);
    chmodSync(place.path('fifo'), 0o644);
    chmodSync(place.path('mail'), 0o777);
    const macros = `PLACE = ${place.directory}\nUSER = ${place.account.name}\nSINK_PORT = ${sinkPort}\n`;
    this.server = new MailServer(place, macros + placeOptions(place, { daemon_smtp_ports: port, workers: undefined }) + CONFIG);
  }

  ours(...args: string[]): Promise<CommandResult> {
    return this.server.exim(args);
  }

  exim(...args: string[]): Promise<CommandResult> {
    return runCommand(EXIM, ['-C', this.server.config, ...args]);
  }

  eximWith(input: string, ...args: string[]): Promise<CommandResult> {
    return runCommand(EXIM, ['-C', this.server.config, ...args], { input });
  }

  /** Ids in the order of arrival. */
  ids(): string[] {
    const folder = this.place.path('spool/input');
    return existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith('-H'))
          .map((name) => name.slice(0, -2))
          .sort()
      : [];
  }

  box(name: string): string[] {
    return this.place.maildir(`mail/${name}`);
  }

  /** Lets the transport that waits for the pipe end, if there is one. */
  release(): void {
    try {
      closeSync(openSync(this.place.path('fifo'), constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENXIO')) throw error;
    }
  }
}

const large = Array.from({ length: LARGE / 60 }, (_, index) => `${String(index).padStart(8)} ${'x'.repeat(50)}\n`).join('');

/** Messages of many kinds: their subjects, and whom they are for. */
const messages: readonly { readonly subject: string; readonly to: readonly string[]; readonly from?: string; readonly body: string }[] = [
  { subject: 'plain', to: ['a'], body: 'A line.\n.a dot\n' },
  { subject: 'octets', to: ['a'], body: 'caf\xe9 \xc3\xa9\n' },
  { subject: 'several', to: ['a', 'b', 'c', 'd'], body: 'to four\n' },
  { subject: 'null', to: ['b'], from: '', body: 'no sender\n' },
  { subject: 'large', to: ['b'], body: large },
  { subject: 'empty', to: ['c'], body: '' },
];

async function sendAll(port: number): Promise<void> {
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.startTls();
  assert.match(await client.authPlain('me', 'x'), /^235/);
  for (const { subject, to, from = FROM, body } of messages) {
    const answer = await client.send({ from, to: to.map((name) => `${name}@${HOST}`), text: textOf(subject, body) });
    assert.match(answer, /^250 OK id=[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}$/);
  }
  await client.quit();
}

const textOf = (subject: string, body: string) =>
  `From: ${FROM}\nTo: list@sender.test\nSubject: ${subject}\nX-Folded: one\n\ttwo\n\n${body}`;

/** Every message in every box, whole. */
function assertDelivered(spool: SharedSpool, where: string): void {
  const boxes: Readonly<Record<string, readonly string[]>> = {
    a: ['plain', 'octets', 'several'],
    b: ['several', 'null', 'large'],
    other: ['several', 'several', 'empty'],
  };
  for (const [name, subjects] of Object.entries(boxes)) {
    const mails = spool.box(name);
    assert.deepEqual(mails.map((mail) => /^Subject: (.*)$/m.exec(mail)?.[1] ?? '').sort(), [...subjects].sort(), `${where}: box ${name}`);
    for (const mail of mails) {
      const subject = /^Subject: (.*)$/m.exec(mail)?.[1];
      const sent = messages.find((message) => message.subject === subject);
      assert.equal(mail.slice(mail.indexOf('\n\n') + 2), sent?.body, `${where}: body of ${subject}`);
      assert.match(mail, /\nX-Folded: one\n\ttwo\n/);
      assert.match(mail, new RegExp(`^Return-path: <${sent?.from ?? FROM}>\\n`));
    }
  }
}

function clearBoxes(spool: SharedSpool): void {
  execFileSync('find', [spool.place.path('mail'), '-type', 'f', '-delete']);
}

const isPossible = isRoot && existsSync(EXIM);

test('one spool for two programs', { skip: isPossible ? false : `needs root and ${EXIM}` }, async (context) => {
  const [port = 0, sinkPort = 0] = await freePorts(2);
  const spool = new SharedSpool(port, sinkPort);
  const { server, place } = spool;
  const logs = () => `${server.log()}\n${server.log('panic')}`;
  const assertEmpty = async () => {
    assert.deepEqual(spool.ids(), [], logs());
    assert.equal((await spool.exim('-bpc')).stdout, '0\n');
    assert.equal((await spool.ours('-bpc')).stdout, '0\n');
  };

  try {
    await context.test('what we queued, Exim lists and delivers', async () => {
      await server.start();
      await sendAll(port);
      await server.stop();
      const listed = await spool.exim('-bp');
      assert.equal(listed.stdout, (await spool.ours('-bp')).stdout);
      assert.equal(spool.ids().length, messages.length);
      const header = await spool.exim('-Mvh', spool.ids()[0] ?? '');
      assert.match(header.stdout, /\nX-Added: from 127\.0\.0\.1\n|X-Added: from 127\.0\.0\.1/);
      const run = await spool.exim('-qff');
      assert.equal(run.stderr, '');
      assertDelivered(spool, 'by Exim');
      assert.match(server.log(), /=> a <a@mail\.site\.test> R=local T=maildir\n/);
      assert.match(spool.box('a')[0] ?? '', /\nX-Added: from 127\.0\.0\.1\n/);
      await assertEmpty();
      clearBoxes(spool);
    });

    await context.test('what Exim queued, we list and deliver', async () => {
      for (const { subject, to, from = FROM, body } of messages) {
        const sent = await spool.eximWith(
          textOf(subject, body),
          '-odq',
          '-i',
          '-f',
          from === '' ? '<>' : from,
          ...to.map((name) => `${name}@${HOST}`),
        );
        assert.deepEqual([sent.status, sent.stderr], [0, '']);
      }
      assert.equal(spool.ids().length, messages.length);
      assert.equal((await spool.ours('-bp')).stdout, (await spool.exim('-bp')).stdout);
      for (const id of spool.ids()) {
        for (const part of ['-Mvh', '-Mvb', '-Mvl'])
          assert.equal((await spool.ours(part, id)).stdout, (await spool.exim(part, id)).stdout, `${part} ${id}`);
      }
      const run = await spool.ours('-qff');
      assert.equal(run.stderr, '');
      assertDelivered(spool, 'by us');
      await assertEmpty();
      clearBoxes(spool);
    });

    await context.test('a message that was delivered in part goes on where the other left it', async () => {
      const programs = [
        ['Exim', 'us', spool.exim.bind(spool), spool.ours.bind(spool)],
        ['us', 'Exim', spool.ours.bind(spool), spool.exim.bind(spool)],
      ] as const;
      for (const [first, second, begin, end] of programs) {
        const sent = await spool.eximWith(
          textOf('several', 'in part\n'),
          '-odq',
          '-i',
          '-f',
          FROM,
          `a@${HOST}`,
          `later@${HOST}`,
          `b@${HOST}`,
        );
        assert.equal(sent.status, 0, sent.stderr);
        const [id = ''] = spool.ids();
        await begin('-M', id);
        assert.deepEqual([spool.box('a').length, spool.box('b').length], [1, 1], `begun by ${first}: ${logs()}`);
        assert.deepEqual(spool.ids(), [id]);
        const listed = await spool.exim('-bp');
        assert.match(listed.stdout, new RegExp(` {8}D a@${HOST}\\n {10}later@${HOST}\\n {8}D b@${HOST}\\n`));
        assert.equal((await spool.ours('-bp')).stdout, listed.stdout);
        const sink = await SmtpSink.start({ port: sinkPort, host: '127.0.0.2' });
        await end('-M', id);
        assert.deepEqual(
          sink.messages.map((message) => message.recipients),
          [[`later@${HOST}`]],
          `ended by ${second}: ${logs()}`,
        );
        await sink.stop();
        assert.deepEqual([spool.box('a').length, spool.box('b').length], [1, 1]);
        await assertEmpty();
        clearBoxes(spool);
      }
    });

    await context.test('frozen, marked and edited by one, seen by the other', async () => {
      await spool.eximWith(textOf('plain', ''), '-odq', '-i', '-f', FROM, `a@${HOST}`, `b@${HOST}`);
      const [id = ''] = spool.ids();
      for (const [change, show] of [
        [spool.ours.bind(spool), spool.exim.bind(spool)],
        [spool.exim.bind(spool), spool.ours.bind(spool)],
      ] as const) {
        assert.equal((await change('-Mf', id)).stdout, `Message ${id} is now frozen\n`);
        assert.match((await show('-bp')).stdout, /\*\*\* frozen \*\*\*/);
        assert.equal((await change('-Mt', id)).stdout, `Message ${id} is no longer frozen\n`);
        assert.doesNotMatch((await show('-bp')).stdout, /frozen/);
      }
      await spool.ours('-Mmd', id, `a@${HOST}`);
      assert.match((await spool.exim('-bp')).stdout, new RegExp(` {8}D a@${HOST}\\n {10}b@${HOST}\\n`));
      assert.equal((await spool.exim('-Mrm', id)).stdout, `Message ${id} has been removed\n`);
      await assertEmpty();
    });

    await context.test('what Exim holds, we leave alone', async () => {
      await spool.eximWith(textOf('held', ''), '-odq', '-i', '-f', FROM, `slow@${HOST}`, `a@${HOST}`);
      const [id = ''] = spool.ids();
      await whileHeld(spool, spool.exim('-M', id), async () => {
        assert.equal((await spool.ours('-Mrm', id)).stdout, `Message ${id} is locked\n`);
        await spool.ours('-M', id);
        await spool.ours('-qff');
        await server.waitForLog(new RegExp(`${id} Spool file for ${id} is locked \\(another process is handling this message\\)`));
        assert.equal(spool.box('a').length, 0);
        assert.deepEqual(spool.ids(), [id]);
      });
      assert.equal(spool.box('a').length, 1, logs());
      await assertEmpty();
      clearBoxes(spool);
    });

    await context.test('what we hold, Exim leaves alone', async () => {
      await server.start();
      await sendMail(port, FROM, [`slow@${HOST}`, `a@${HOST}`], textOf('held', ''));
      const [id = ''] = spool.ids();
      await whileHeld(spool, spool.ours('-M', id), async () => {
        assert.equal((await spool.exim('-Mrm', id)).stdout, `Message ${id} is locked\n`);
        await spool.exim('-M', id);
        await spool.exim('-qff');
        await server.waitForLog(new RegExp(`${id} Spool file for ${id} is locked`));
        assert.equal(spool.box('a').length, 0);
        assert.deepEqual(spool.ids(), [id]);
      });
      await waitFor(logs, () => spool.box('a').length === 1);
      await waitFor(logs, () => spool.ids().length === 0);
      await server.stop();
      await assertEmpty();
    });
  } finally {
    spool.release();
    await server.stop();
    place.remove();
  }
});

async function whileHeld(spool: SharedSpool, delivering: Promise<unknown>, then: () => Promise<void>): Promise<void> {
  try {
    await waitFor('the message to be held', () => isReading(spool.place.path('fifo')));
    await then();
  } finally {
    spool.release();
    await delivering;
  }
}

/** Whether a process waits for the pipe to be written to. */
async function isReading(fifo: string): Promise<boolean> {
  const { stdout } = await runCommand('pgrep', ['-f', `^/bin/cat ${fifo}$`]);
  return stdout !== '';
}
