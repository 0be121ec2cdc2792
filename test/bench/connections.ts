/**
 * Many connections: 10,000 idle ones and what they cost in memory (PSS, all our processes together), then connect + EHLO + QUIT as fast as it goes. Prints both
 * and fails where a promise of DESIGN is broken. WORKERS=1 changes the number of workers, EXIMIUS_TEST_PROGRAM=dist/exim.js
 * measures the bundle; needs 10,000 descriptors a process (`ulimit -n`).
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place } from '../e2e/support/place.ts';
import { processTree } from '../e2e/support/process-tree.ts';

const IDLE = 10_000;
const IDLE_LIMIT_MIB = 150;
const SHORT = 10_000;
const SHORT_AT_ONCE = 100;
const SHORT_PER_SECOND = 1000;
/** Connections come from this many addresses of the loopback network. */
const SOURCES = 20;
const OPENED_AT_ONCE = 100;
const REPLY_MS = 60_000;
/** V8 collects what a burst has left eight seconds after it. */
const SETTLING_MS = 12_000;

const place = new Place('connections');
const [port = 0] = await freePorts(1);
const server = new MailServer(
  place,
  placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mx.bench.test',
    acl_smtp_rcpt: 'accept',
    smtp_accept_max: 2 * IDLE,
    smtp_connect_backlog: 1024,
    log_selector: '-smtp_connection -lost_incoming_connection',
    workers: process.env.WORKERS,
  }),
);

try {
  await server.start();
  await idleConnections();
  await shortConnections(SHORT);
  if (server.log('panic') !== '') throw new Error(server.log('panic'));
} finally {
  await server.stop();
  place.remove();
}

async function idleConnections(): Promise<void> {
  const before = await settledMemory();
  const sockets: Socket[] = [];
  const startMs = performance.now();
  while (sockets.length < IDLE) {
    const opened = await Promise.all(Array.from({ length: OPENED_AT_ONCE }, (_, index) => greeted(sockets.length + index)));
    sockets.push(...opened);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const atOnce = total(memory()) - total(before);
  const during = await settledMemory();
  const grown = total(during) - total(before);
  console.log(
    `\n${IDLE} idle connections after EHLO, opened in ${seconds.toFixed(1)} s: ${grown.toFixed(0)} MiB more (limit ${IDLE_LIMIT_MIB}), at once ${atOnce.toFixed(0)}`,
  );
  for (const [index, { role, pssMiB }] of during.entries())
    console.log(`  ${role.padEnd(12)} ${(before[index]?.pssMiB ?? 0).toFixed(0)} MiB before, ${pssMiB.toFixed(0)} MiB with them`);
  const alive = await Promise.all(sockets.map((socket) => exchange(socket, 'NOOP')));
  const answered = alive.filter((reply) => reply === '250 OK').length;
  console.log(`  ${answered} of them answer NOOP`);
  await Promise.all(sockets.map((socket) => ended(socket)));
  console.log(`  ${(total(await settledMemory()) - total(before)).toFixed(0)} MiB more when they are gone`);
  if (grown > IDLE_LIMIT_MIB || answered < IDLE) process.exitCode = 1;
}

async function shortConnections(count: number): Promise<void> {
  let next = 0;
  let errors = 0;
  const work = async () => {
    while (next < count) {
      const socket = await greeted(next++).catch(() => undefined);
      const reply = socket === undefined ? '' : await exchange(socket, 'QUIT').catch(() => '');
      if (!reply.startsWith('221 ')) errors++;
      socket?.destroy();
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: SHORT_AT_ONCE }, work));
  const perSecond = count / ((performance.now() - startMs) / 1000);
  console.log(`\nconnect + EHLO + QUIT: ${perSecond.toFixed(0)} connections/s over ${SHORT_AT_ONCE} at once, ${errors} errors of ${count}`);
  if (errors > 0 || perSecond < SHORT_PER_SECOND) process.exitCode = 1;
}

/** A connection that has been greeted and has said EHLO. */
async function greeted(index: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (index % SOURCES)}` });
  const banner = await reply(socket);
  if (!banner.startsWith('220 ')) throw new Error(`greeted with ${banner}`);
  const answer = await exchange(socket, `EHLO client-${index}.test`);
  if (!answer.startsWith('250')) throw new Error(`EHLO was answered with ${answer}`);
  return socket;
}

function exchange(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\r\n`);
  return reply(socket);
}

/** The last line of a reply. */
function reply(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = () => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => {});
    };
    const timer = setTimeout(() => {
      settle();
      reject(new Error(`no reply within ${REPLY_MS} ms`));
    }, REPLY_MS);
    const lost = () => {
      settle();
      reject(new Error('connection lost'));
    };
    socket
      .once('error', lost)
      .once('close', lost)
      .on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
        const last = /(?:^|\n)(\d{3} [^\r\n]*)\r\n$/.exec(text)?.[1];
        if (last === undefined) return;
        settle();
        resolve(last);
      });
  });
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()).destroy());
}

interface Measured {
  readonly role: string;
  readonly pssMiB: number;
}

async function settledMemory(): Promise<readonly Measured[]> {
  await pause(SETTLING_MS);
  return memory();
}

function memory(): readonly Measured[] {
  return processTree(server.pid).map(({ pid, role }) => {
    const pss = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return { role, pssMiB: Number(pss) / 1024 };
  });
}

function total(processes: readonly Measured[]): number {
  return processes.reduce((sum, { pssMiB }) => sum + pssMiB, 0);
}
