/**
 * Bad input for a running daemon: random octets, broken dialogues, lines and lists without end, connections that end half. The daemon answers as
 * Exim does, its worker stays the same process with bounded memory, and it goes on taking mail.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { SmtpClient, sendMail } from '../e2e/support/smtp-client.ts';
import { waitFor } from '../e2e/support/wait.ts';
import { makeChooser } from './chooser.ts';

export interface BadInputOptions {
  readonly streams: number;
  readonly recipients: number;
  readonly halfClosed: number;
  readonly seed: number;
}

export interface Answer {
  readonly replies: readonly string[];
  readonly main: readonly string[];
  readonly reject: readonly string[];
}

export interface BadInputReport {
  /** Of single bad inputs, by name: the replies in order, lines of one reply joined, and the log lines. */
  readonly answers: Readonly<Record<string, Answer>>;
  readonly streams: number;
  /** Streams that the daemon ended or answered; all of them, or something hangs. */
  readonly ended: number;
  /** Replies to the recipients, by text, with how many there were. */
  readonly recipientReplies: Readonly<Record<string, number>>;
  /** Half-closed connections whose last commands were answered. */
  readonly halfClosedAnswered: number;
  /** Resident memory of the worker in KiB: before, at its highest, and after all. */
  readonly memoryKib: { readonly before: number; readonly peak: number; readonly after: number };
  readonly isSameWorker: boolean;
  readonly takesMail: boolean;
  /** Panic log. */
  readonly panics: string;
}

const HOST = 'mail.site.test';

const CONFIG = `
primary_hostname = ${HOST}
domainlist local_domains = @
acl_smtp_rcpt = accept
acl_smtp_data = data
smtp_accept_max = 0
smtp_accept_max_nonmail_hosts =
log_selector = +smtp_syntax_error
pipelining_connect_advertise_hosts = ! 127.0.2.0/24 : ! 127.0.3.0/24 : *
acl_smtp_connect = connect
message_size_limit = 20M
smtp_receive_timeout = 20s

begin acl
connect:
  warn  hosts = 127.0.3.0/24
        delay = 1s
  accept
data:
  deny   condition = \${if > {$max_received_linelength}{998}}
         message = maximum allowed line length is 998 octets, got $max_received_linelength
  accept

begin routers
many:
  driver = redirect
  local_parts = ^many
  data = :blackhole:
local:
  driver = accept
  domains = +local_domains
  transport = mailbox

begin retry
*  *  F,1h,1m

begin transports
mailbox:
  driver = appendfile
`;

export async function runBadInput(options: BadInputOptions): Promise<BadInputReport> {
  const place = new Place('bad-input');
  const [port = 0] = await freePorts(1);
  const { name, gid } = place.account;
  const mailbox = `  directory = ${place.path('mail/box')}\n  maildir_format\n  user = ${name}\n  group = ${gid}\n`;
  const server = new MailServer(place, placeOptions(place, { daemon_smtp_ports: port }) + CONFIG + mailbox);
  try {
    await server.start();
    const worker = workerOf(server.pid);
    await takesMail(place, port, 'first');
    const before = memory(worker, 'VmRSS');
    const answers = await answersToBadInput(port, server);
    const ended = await sendStreams(port, options);
    const recipientReplies = await sendRecipients(port, options.recipients);
    const halfClosedAnswered = await closeHalf(port, options.halfClosed);
    const works = await takesMail(place, port, 'last');
    return {
      answers,
      streams: options.streams,
      ended,
      recipientReplies,
      halfClosedAnswered,
      memoryKib: { before, peak: memory(worker, 'VmHWM'), after: memory(worker, 'VmRSS') },
      isSameWorker: workerOf(server.pid) === worker,
      takesMail: works,
      panics: server.log('panic'),
    };
  } finally {
    await server.stop();
    place.remove();
  }
}

function workerOf(daemon: number): number {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${entry}/stat`, 'latin1'))?.[1]);
      if (parent === daemon && readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes('--eximius-role=worker')) return Number(entry);
    } catch {
      // it has ended meanwhile
    }
  }
  throw new Error(`daemon ${daemon} has no worker`);
}

function memory(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

async function takesMail(place: Place, port: number, subject: string): Promise<boolean> {
  const answer = await sendMail(port, 'a@sender.test', [`someone@${HOST}`], `Subject: ${subject}\n\n`);
  if (!answer.startsWith('250')) throw new Error(`a good message was answered with ${answer}`);
  return waitFor(`message ${subject}`, () => place.maildir('mail/box').some((mail) => mail.includes(`Subject: ${subject}\n`)));
}

// ---------------------------------------------------------------- single inputs

const START = ['EHLO client.test', 'MAIL FROM:<a@sender.test>', `RCPT TO:<many@${HOST}>`];

interface Input {
  /** Answered as usual. */
  readonly before: readonly string[];
  /** What is sent, each with CRLF in one write. */
  readonly lines: readonly string[];
  /** The client comes from where commands must wait for their replies even before MAIL. */
  readonly isOrderly?: boolean;
  /** It does not wait for the greeting, which is late. */
  readonly isEarly?: boolean;
}

const INPUTS: Readonly<Record<string, Input>> = {
  'a line over the limit': { before: ['EHLO client.test'], lines: [`NOOP ${'x'.repeat(20_000)}`] },
  NUL: { before: ['EHLO client.test'], lines: ['NO\0OP', 'NOOP'] },
  'eight bits': { before: ['EHLO client.test'], lines: ['\xff\xfe\xfd'] },
  'bare CR': { before: ['EHLO client.test'], lines: ['NOOP\rNOOP'] },
  'bare LF': { before: ['EHLO client.test'], lines: ['NOOP\nQUIT'] },
  'bare LF, orderly': { before: ['EHLO client.test'], lines: ['NOOP\nQUIT'], isOrderly: true },
  'bare LF after HELO': { before: ['HELO client.test'], lines: ['NOOP\nQUIT'] },
  'bare LF after HELO, orderly': { before: ['HELO client.test'], lines: ['NOOP\nQUIT'], isOrderly: true },
  'NUL in an address': { before: START.slice(0, 2), lines: [`RCPT TO:<a\0b@${HOST}>`] },
  'unknown commands': { before: ['EHLO client.test'], lines: ['FOO', 'BAR', 'X', 'Y'] },
  'NUL in a body': { before: [...START, 'DATA'], lines: ['Subject: x\r\n\r\na\0b\r\n.'] },
  'a long line in a body': { before: [...START, 'DATA'], lines: [`Subject: x\r\n\r\n${'y'.repeat(100_000)}\r\n.`] },
  'a header over the limit': { before: [...START, 'DATA'], lines: [`Subject: ${'y'.repeat(1_200_000)}\r\n\r\nx\r\n.`] },
  'a message over the limit': { before: [...START, 'DATA'], lines: [`Subject: x\r\n\r\n${`${'y'.repeat(78)}\r\n`.repeat(300_000)}.`] },
  'too soon, orderly': { before: [], lines: ['EHLO client.test\r\nNOOP\r\nQUIT'], isOrderly: true },
  'before the greeting': { before: [], lines: ['EHLO client.test\r\nNOOP\r\nQUIT'], isEarly: true },
};

async function answersToBadInput(port: number, server: MailServer): Promise<Record<string, Answer>> {
  const played: { readonly name: string; readonly replies: readonly string[]; readonly address: string }[] = [];
  for (const [name, input] of Object.entries(INPUTS)) {
    const address = `127.0.${input.isEarly ? 3 : input.isOrderly ? 2 : 1}.${played.length + 1}`; // what the log tells its lines by
    played.push({ name, replies: await repliesTo(input, port, address), address });
  }
  // Lines of the main log may be written after the reply, but all before those of the next dialogue.
  await repliesTo({ before: [], lines: ['LAST'] }, port, '127.0.1.250');
  await server.waitForLog(/"LAST"/);
  return Object.fromEntries(
    played.map(({ name, replies, address }) => [
      name,
      { replies, main: logOf(server, 'main', address), reject: logOf(server, 'reject', address) },
    ]),
  );
}

async function repliesTo({ before, lines, isEarly = false }: Input, port: number, localAddress: string): Promise<string[]> {
  const client = isEarly ? await SmtpClient.connect(port, { localAddress }) : await SmtpClient.open(port, { localAddress });
  for (const line of before) await client.command(line);
  const replies: string[] = [];
  for (const line of lines) {
    await client.write(`${line}\r\n`);
    replies.push(withoutId(await client.reply()));
  }
  client.close();
  return replies;
}

/** The lines about one client, without time, id and the bulk of endless commands. */
function logOf(server: MailServer, log: 'main' | 'reject', address: string): string[] {
  const lines = server
    .log(log)
    .split('\n')
    .filter((line) => line.includes(`[${address}]`));
  return lines.map((line) => withoutId(line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '')).replace(`[${address}]`, '[client]'));
}

function withoutId(text: string): string {
  return text
    .replace(/\b[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}\b/, '…')
    .replace(/ S=\d+/, ' S=…')
    .replace(/ D=\S+$/, ' D=…')
    .replace(/x{100,}/, 'x…');
}

// ---------------------------------------------------------------- random streams

const WORDS = [
  'EHLO x',
  'HELO',
  'MAIL FROM:<a@sender.test>',
  `RCPT TO:<many@${HOST}>`,
  'DATA',
  'BDAT 100',
  'BDAT 4294967295 LAST',
  'RSET',
  'VRFY <',
  'AUTH PLAIN',
  'STARTTLS',
  '.',
  'Subject: x',
  '',
  'QUIT',
  'MAIL FROM:<@',
  'RCPT TO:<"',
  'ETRN #',
];
const ENDS = ['\r\n', '\r\n', '\r\n', '\n', '\r', '\0', '', '\r\r\n'];
const AT_ONCE = 20;

/** How many of the streams came to an end. */
async function sendStreams(port: number, { streams, seed }: BadInputOptions): Promise<number> {
  const choose = makeChooser(seed);
  let next = 0;
  let ended = 0;
  const sendOneByOne = async () => {
    while (next < streams) {
      next++;
      if (await sendStream(port, choose)) ended++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendOneByOne));
  return ended;
}

async function sendStream(port: number, choose: (count: number) => number): Promise<boolean> {
  const client = await SmtpClient.connect(port);
  // Half of them wait for the greeting: the others are refused as too early.
  if (choose(2) === 0) await client.reply();
  const bytes = choose(2) === 0 ? randomOctets(choose, choose(4000)) : randomDialogue(choose);
  for (let from = 0; from < bytes.length; ) {
    const to = from + 1 + choose(bytes.length);
    await client.write(bytes.subarray(from, to));
    from = to;
    if (choose(4) === 0) await pause(1);
  }
  const isReset = choose(4) === 0;
  if (isReset) client.socket.resetAndDestroy();
  else client.endWriting();
  return isReset || (await client.closed(30_000));
}

function randomOctets(choose: (count: number) => number, length: number): Buffer {
  return Buffer.from(Array.from({ length: length + 1 }, () => choose(256)));
}

function randomDialogue(choose: (count: number) => number): Buffer {
  const parts = Array.from({ length: 1 + choose(30) }, () => {
    const octets = choose(5) === 0 ? randomOctets(choose, choose(200)).toString('latin1') : (WORDS[choose(WORDS.length)] ?? '');
    return octets + (ENDS[choose(ENDS.length)] ?? '');
  });
  return Buffer.from(parts.join(''), 'latin1');
}

// ---------------------------------------------------------------- recipients without end

/** Sends them in groups, so that answers are read; the connection may be ended by the server. */
async function sendRecipients(port: number, count: number): Promise<Record<string, number>> {
  const replies: Record<string, number> = {};
  const client = await SmtpClient.open(port);
  await client.command('EHLO client.test');
  await client.command('MAIL FROM:<a@sender.test>');
  const group = 1000;
  for (let sent = 0; sent < count && !client.isClosed; sent += group) {
    const lines = Array.from({ length: Math.min(group, count - sent) }, (_, index) => `RCPT TO:<many${sent + index}@${HOST}>\r\n`);
    await client.write(lines.join(''));
    for (const _ of lines) {
      const answer = await client.reply();
      replies[answer] = (replies[answer] ?? 0) + 1;
    }
  }
  const answer = await client.command('RSET');
  replies[answer] = (replies[answer] ?? 0) + 1;
  client.close();
  return replies;
}

// ---------------------------------------------------------------- half-closed connections

/** A client that sends all it has and ends its side still gets all its answers. */
async function closeHalf(port: number, count: number): Promise<number> {
  const results = await Promise.all(
    Array.from({ length: count }, async () => {
      const client = await SmtpClient.open(port);
      await client.command('EHLO client.test');
      await client.write('MAIL FROM:<a@sender.test>\r\nRCPT TO:<many@mail.site.test>\r\nRSET\r\nNOOP\r\n');
      client.endWriting();
      const answers: string[] = [];
      for (let answer = await client.reply(); answer !== ''; answer = await client.reply()) answers.push(answer);
      return answers.join('|') === `250 OK|250 Accepted|250 Reset OK|250 OK|421 ${HOST} lost input connection`;
    }),
  );
  return results.filter(Boolean).length;
}
