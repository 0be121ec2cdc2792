/**
 * The server under load: messages over 20 connections into a Maildir and through a smarthost, large messages, idle connections. Prints messages a
 * second, CPU a message, the event loop's delay and memory by process. With EXIMIUS_TEST_PROGRAM=dist/exim.js the bundle is measured.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, isRoot, localUser, Place } from '../e2e/support/place.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';
import { SmtpSink } from '../e2e/support/smtp-sink.ts';
import { waitFor } from '../e2e/support/wait.ts';

const CONNECTIONS = 20;
const MESSAGES = 2000;
const WARM_UP = 400;
const IDLE_CONNECTIONS = 1000;
const LARGE_BYTES = 50 << 20;
/** Clock ticks a second of /proc/<pid>/stat: the same on every Linux that Node runs on. */
const TICKS = 100;
const LIMIT_MS = 300_000;
const line = 'The quick brown fox jumps over the lazy dog, and nobody has ever asked why.\n';
const text = `Subject: load\n\n${line.repeat(52)}`;

let completedBefore = 0;
const place = new Place('bench');
const [port = 0] = await freePorts(1);
const sink = await SmtpSink.start();
const user = localUser();
const delays = place.path('mail/loop-delays');
const server = new MailServer(
  place,
  `${placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mx.bench.test',
    acl_smtp_rcpt: 'check_rcpt',
    smtp_accept_max: 2000,
    smtp_accept_max_per_connection: 0,
    smtp_accept_queue_per_connection: 0,
    smtp_connect_backlog: 1024,
    host_lookup: '',
    rfc1413_query_timeout: '0s',
    message_size_limit: '100M',
  })}
begin acl
check_rcpt:
  accept domains = local.test
         verify = recipient
  accept hosts = 127.0.0.1
begin routers
smarthost:
  driver = manualroute
  domains = ! local.test
  transport = remote
  route_list = * 127.0.0.1
  self = send
local:
  driver = accept
  transport = maildir
begin transports
remote:
  driver = smtp
  port = ${sink.port}
  hosts_avoid_tls = *
maildir:
  driver = appendfile
  maildir_format
  directory = ${place.path('mail')}/$local_part
  ${isRoot ? `user = ${user.name}` : ''}
  delivery_date_add
  envelope_to_add
  return_path_add
begin retry
* * F,2h,15m
`,
  { environment: { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'loop-delay.mjs')}`, EXIMIUS_LOOP_DELAY: delays } },
);

try {
  await server.start();
  await pause(2000); // the delays of the start are forgotten
  console.log(`workers: 1, ${isRoot ? `deliveries as ${user.name}` : 'without root'}`);
  await load('inbound to a Maildir', 'user@local.test');
  await load('relay through a smarthost', 'user@remote.test');
  await large();
  await idle();
  const processes = processesOf(server.pid);
  await server.stop();
  await waitFor('all processes have ended', () => processes.every(({ pid }) => statOf(pid) === undefined));
  printDelays();
} finally {
  await server.stop();
  await sink.stop();
  place.remove();
}

async function load(title: string, recipient: string): Promise<void> {
  await send(recipient, WARM_UP);
  await completed(WARM_UP);
  const before = processesOf(server.pid);
  const startMs = performance.now();
  await send(recipient, MESSAGES);
  await completed(MESSAGES);
  const seconds = (performance.now() - startMs) / 1000;
  console.log(`\n${title}: ${CONNECTIONS} connections, ${MESSAGES} messages of ${(text.length / 1024).toFixed(0)} KiB`);
  console.log(`  ${(MESSAGES / seconds).toFixed(0)} messages/s (the client and the sink run beside it)`);
  let sum = 0;
  for (const { pid, role, cpuMs, rssMiB } of processesOf(server.pid)) {
    const used = (cpuMs - (before.find((process) => process.pid === pid)?.cpuMs ?? 0)) / MESSAGES;
    sum += used;
    console.log(`  ${role.padEnd(12)} ${used.toFixed(2)} ms CPU a message, ${rssMiB.toFixed(0)} MiB`);
  }
  console.log(`  ${'all'.padEnd(12)} ${sum.toFixed(2)} ms CPU a message`);
}

async function send(recipient: string, count: number, body = text): Promise<void> {
  let left = count;
  const connection = async () => {
    const client = await SmtpClient.open(port);
    await client.command('EHLO client.test');
    while (left-- > 0) {
      const answer = await client.send({ from: 'sender@remote.test', to: [recipient], text: body });
      if (!answer.startsWith('250')) throw new Error(`a message was refused: ${answer}`);
    }
    await client.quit();
  };
  await Promise.all(Array.from({ length: Math.min(CONNECTIONS, count) }, connection));
}

async function completed(count: number): Promise<void> {
  const wanted = completedBefore + count;
  await waitFor(`${wanted} messages completed`, () => server.log().split(' Completed\n').length - 1 >= wanted, LIMIT_MS);
  completedBefore = wanted;
}

async function large(): Promise<void> {
  const before = processesOf(server.pid);
  await send('large@local.test', 1, `Subject: large\n\n${line.repeat(LARGE_BYTES / line.length)}`);
  await completed(1);
  console.log(`\none message of ${LARGE_BYTES >> 20} MiB to a Maildir: the highest resident size of its processes grew by`);
  for (const { pid, role, peakMiB } of processesOf(server.pid)) {
    const known = before.find((process) => process.pid === pid);
    if (known) console.log(`  ${role.padEnd(12)} ${(peakMiB - known.peakMiB).toFixed(0)} MiB, to ${peakMiB.toFixed(0)}`);
  }
}

async function idle(): Promise<void> {
  const before = processesOf(server.pid);
  const clients: SmtpClient[] = [];
  while (clients.length < IDLE_CONNECTIONS) {
    const opened = await Promise.all(Array.from({ length: 50 }, () => SmtpClient.open(port)));
    await Promise.all(opened.map((client) => client.command('EHLO client.test')));
    clients.push(...opened);
  }
  await pause(1000);
  console.log(`\n${IDLE_CONNECTIONS} idle connections:`);
  for (const { pid, role, rssMiB } of processesOf(server.pid)) {
    const known = before.find((process) => process.pid === pid);
    if (known && role === 'worker')
      console.log(`  ${role.padEnd(12)} ${known.rssMiB.toFixed(0)} MiB before, ${rssMiB.toFixed(0)} MiB with them`);
  }
  for (const client of clients) client.close();
}

function printDelays(): void {
  console.log('\ndelay of the event loop, ms:');
  for (const text of readFileSync(delays, 'utf8').trim().split('\n')) {
    const { role, p50, p99, max } = JSON.parse(text);
    if (role !== 'supervisor') console.log(`  ${role.padEnd(12)} p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, longest ${max.toFixed(0)}`);
  }
}

interface Measured {
  readonly pid: number;
  readonly role: string;
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly peakMiB: number;
}

/** A process and all that it has started. */
function processesOf(pid: number): Measured[] {
  const found = statOf(pid);
  if (found === undefined) return [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean);
  return [found, ...children.flatMap((child) => processesOf(Number(child)))];
}

function statOf(pid: number): Measured | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    const mib = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024;
    return {
      pid,
      role: /--eximius-role=([a-z-]+)/.exec(command)?.[1] ?? 'supervisor',
      cpuMs: ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000,
      rssMiB: mib('VmRSS'),
      peakMiB: mib('VmHWM'),
    };
  } catch {
    return undefined; // it has ended
  }
}
