/**
 * Input without a line end, and without any end, for every parser of foreign octets: what was made of it, and how much more memory the process took at its highest.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { decode, encode } from 'dns-packet';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { freePorts, Place, ROOT } from '../e2e/support/place.ts';
import { processTree } from '../e2e/support/process-tree.ts';
import { SmtpClient } from '../e2e/support/smtp-client.ts';
import { peakGrowthMiB } from './memory.ts';

export interface EndlessResult {
  readonly name: string;
  /** What the client was told or what the log says. */
  readonly outcome: string;
  /** Octets that were taken from us. */
  readonly sentMiB: number;
  readonly grownMiB: number;
}

const CHUNK_BYTES = 64 * 1024;
const IDENT_CLIENT = '127.0.7.1';
const PROXY_CLIENT = '127.0.8.1';
const SIZE_LIMIT = '10M';

type Report = (result: EndlessResult) => void;

/** `amountMiB`: how much comes, unless the connection is ended before. */
export async function runEndless(amountMiB: number, report: Report): Promise<void> {
  const place = new Place('endless');
  const floods = new Floods(amountMiB);
  const [port = 0] = await freePorts(1);
  try {
    const server = new MailServer(place, await configText(place, port, floods));
    try {
      await server.start();
      await floodServer(server, port, floods, report);
      await floodStandardInput(server, floods, report);
    } finally {
      await server.stop();
    }
  } finally {
    await floods.stop();
    place.remove();
  }
}

async function configText(place: Place, port: number, floods: Floods): Promise<string> {
  const routes = await Promise.all(
    Object.entries(REMOTE_SERVERS).map(async ([domain, [lead, fill]]) => `${domain} 127.0.0.1::${await floods.listen(lead, fill)}`),
  );
  return `${placeOptions(place, {
    daemon_smtp_ports: port,
    primary_hostname: 'mail.site.test',
    tls_advertise_hosts: '*',
    tls_certificate: place.certificate('etc/mail.pem', 'mail.site.test'),
    auth_advertise_hosts: '*',
    hosts_proxy: PROXY_CLIENT,
    hosts_xclient: '127.0.0.1',
    message_size_limit: SIZE_LIMIT,
    rfc1413_hosts: IDENT_CLIENT,
    rfc1413_query_timeout: '20s',
    rfc1413_port: await floods.listen('', 'x'),
    dns_servers: `<; [127.0.0.1]:${await floods.listenDns()}`,
    acl_smtp_rcpt: 'rcpt',
  })}
begin acl
rcpt:
  accept local_parts = socket
         message = \${readsocket{inet:127.0.0.1:${await floods.listen('', 'x')}}{}{60s}{}{no answer}}
  accept local_parts = dns
         message = \${lookup dnsdb{defer_never,txt=endless.test}{found}{no record}}
  accept
begin routers
remote:
  driver = manualroute
  domains = *.away.test
  route_data = \${lookup{$domain}lsearch{${place.file('etc/routes', routes.join('\n').replaceAll(/^(\S+) /gm, '$1: '))}}}
  self = send
  transport = \${if match{$domain}{lmtp}{lmtp}{remote}}
gone:
  driver = redirect
  data = :blackhole:
begin transports
remote:
  driver = smtp
  command_timeout = 60s
  hosts_try_fastopen =
lmtp:
  driver = smtp
  protocol = lmtp
  command_timeout = 60s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = false
`;
}

/** Lines of a server, each said when something has come from its client; then one that has no end. */
const REMOTE_SERVERS: Readonly<Record<string, readonly [lead: readonly string[] | string, fill: string]>> = {
  'banner.away.test': ['', 'x'],
  'lines.away.test': ['', '220-x\r\n'],
  'ehlo.away.test': [['220 x\r\n'], '250-x\r\n'],
  'mail.away.test': [['220 x\r\n', '250 x\r\n'], '250 x'],
  'tls.away.test': [['220 x\r\n', '250-x\r\n250 STARTTLS\r\n', '220 x\r\n'], '\x16\x03\x03\x3f\xffx'],
  'banner.lmtp.away.test': ['', 'x'],
  'lhlo.lmtp.away.test': [['220 x\r\n'], '250-x\r\n'],
};

// ---------------------------------------------------------------- floods

/** Writes the same again and again, at most so much; counts what the other side's system took. */
class Floods {
  readonly #bytes: number;
  readonly #servers: Server[] = [];
  readonly #closers: (() => void)[] = [];
  sentBytes = 0;

  constructor(amountMiB: number) {
    this.#bytes = amountMiB << 20;
  }

  /** Until the other side ends it, or all has been written. */
  async into(stream: Socket | NodeJS.WritableStream, fill: string): Promise<void> {
    const chunk = Buffer.from(
      fill.repeat(Math.ceil(CHUNK_BYTES / fill.length)).slice(0, CHUNK_BYTES - (CHUNK_BYTES % fill.length)),
      'latin1',
    );
    let isOver = false;
    let wake = () => {};
    const over = () => {
      isOver = true;
      wake();
    };
    stream.on('error', over).on('close', over).on('end', over);
    stream.on('drain', () => wake());
    for (let left = this.#bytes; left > 0 && !isOver; left -= chunk.length) {
      if (!stream.write(chunk))
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (isOver) resolve();
        });
      this.sentBytes += chunk.length;
    }
  }

  /** A server that says `lead` line by line, and then floods. */
  listen(lead: readonly string[] | string, fill: string): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const lines = typeof lead === 'string' ? [] : [...lead];
      socket.on('error', () => socket.destroy());
      const next = () => {
        const line = lines.shift();
        if (line !== undefined) socket.write(line);
        else {
          socket.removeAllListeners('data').resume();
          void this.into(socket, fill).then(() => socket.destroy());
        }
      };
      socket.on('data', next);
      next();
    });
    return this.#listenOn(server);
  }

  /** A name server whose answers are truncated, and that floods those who come again by TCP. */
  async listenDns(): Promise<number> {
    const port = await this.listen([], '\xff\xff');
    const socket = createSocket('udp4');
    socket.on('message', (bytes, from) => {
      const { id = 0, questions = [] } = decode(bytes);
      socket.send(encode({ type: 'response', id, flags: 0x0380, questions }), from.port, from.address); // TC
    });
    await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
    this.#closers.push(() => socket.close());
    return port;
  }

  #listenOn(server: Server): Promise<number> {
    this.#servers.push(server);
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      }),
    );
  }

  async stop(): Promise<void> {
    for (const close of this.#closers) close();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

// ---------------------------------------------------------------- the daemon

const TRANSACTION = ['EHLO client.test', 'MAIL FROM:<a@site.test>', 'RCPT TO:<b@site.test>'];
const HUGE = 4_000_000_000;

interface ClientFlood {
  /** Each is answered. */
  readonly lead: readonly string[];
  /** In front of the flood. */
  readonly start: string;
  readonly fill?: string;
  /** Behind it. */
  readonly end?: string;
  readonly from?: string;
}

const CLIENT_FLOODS: Readonly<Record<string, ClientFlood>> = {
  'a command': { lead: ['EHLO client.test'], start: '' },
  'a command, NUL': { lead: ['EHLO client.test'], start: '', fill: '\0' },
  'a command, CR': { lead: ['EHLO client.test'], start: '', fill: '\r' },
  EHLO: { lead: [], start: 'EHLO ' },
  'a sender': { lead: ['EHLO client.test'], start: 'MAIL FROM:<' },
  XCLIENT: { lead: ['EHLO client.test'], start: 'XCLIENT ADDR=192.0.2.1 LOGIN=' },
  'an answer of AUTH': { lead: ['EHLO client.test', 'AUTH PLAIN'], start: 'QUJD', fill: 'QUJD' },
  'a header of DATA': { lead: [...TRANSACTION, 'DATA'], start: 'Subject: ', end: '\r\n\r\nx\r\n.\r\n' },
  'header lines of DATA': { lead: [...TRANSACTION, 'DATA'], start: '', fill: 'a: b\r\n', end: '\r\n.\r\n' },
  'a folded header of DATA': { lead: [...TRANSACTION, 'DATA'], start: 'a: b\r\n', fill: ' x\r\n', end: '\r\n.\r\n' },
  'a line of a body': { lead: [...TRANSACTION, 'DATA'], start: 'Subject: x\r\n\r\n', end: '\r\n.\r\n' },
  'dots of a body': { lead: [...TRANSACTION, 'DATA'], start: 'Subject: x\r\n\r\n', fill: '.\r', end: '\r\n.\r\n' },
  'a header of BDAT': { lead: TRANSACTION, start: `BDAT ${HUGE}\r\nSubject: ` },
  'a body of BDAT': { lead: TRANSACTION, start: `BDAT ${HUGE}\r\nSubject: x\r\n\r\n` },
  'a chunk without a message': { lead: ['EHLO client.test'], start: `BDAT ${HUGE}\r\n` },
  'a TLS handshake': { lead: ['EHLO client.test', 'STARTTLS'], start: '' },
  'a TLS handshake of one message': {
    lead: ['EHLO client.test', 'STARTTLS'],
    start: '\x16\x03\x01\x3f\xff\x01\xff\xff\xff',
    fill: '\x16\x03\x01\x00\x02xx',
  },
  'a PROXY header': { lead: [], start: 'PROXY TCP4 ', from: PROXY_CLIENT },
  'a binary PROXY header': { lead: [], start: '\r\n\r\n\0\r\nQUIT\n\x21\x11\x08\x00', from: PROXY_CLIENT },
  "the answer about a client's user": { lead: ['NOOP'], start: 'QUIT\r\n', fill: ' ', from: IDENT_CLIENT },
  'a name server': { lead: TRANSACTION.slice(0, 2), start: 'RCPT TO:<dns@site.test>\r\nQUIT\r\n', fill: ' ' },
  'a socket that is read': { lead: TRANSACTION.slice(0, 2), start: 'RCPT TO:<socket@site.test>\r\nQUIT\r\n', fill: ' ' },
};

async function floodServer(server: MailServer, port: number, floods: Floods, report: Report): Promise<void> {
  const worker = processTree(server.pid).find(({ role }) => role === 'worker')?.pid ?? 0;
  const measure = async (name: string, act: () => Promise<string>) => {
    floods.sentBytes = 0;
    let outcome = '';
    const grownMiB = await peakGrowthMiB(worker, async () => {
      outcome = await act();
    });
    report({ name, outcome, sentMiB: floods.sentBytes / (1 << 20), grownMiB });
  };
  for (const [name, flood] of Object.entries(CLIENT_FLOODS)) await measure(name, () => floodFromClient(port, flood, floods));
  for (const domain of Object.keys(REMOTE_SERVERS))
    await measure(`the server ${domain}`, async () => {
      const client = await SmtpClient.open(port);
      await client.command('EHLO client.test');
      const answer = await client.send({ from: 'a@site.test', to: [`x@${domain}`], text: 'Subject: x\n\nx\n' });
      await client.quit();
      const id = /id=(\S+)/.exec(answer)?.[1];
      const [line] = await server.waitForLog(new RegExp(`${id} (?:=>|==|\\*\\*) .*`));
      return line.replace(/^.*?(?:defer|error)/, 'defer').slice(0, 120);
    });
  await measure('the control socket', () => floodSocket(server.place.path('spool/eximius-control'), '', floods));
  await measure('a call over the control socket', () => {
    const open = Buffer.from([1, 0, 0, 0, 1, 0, 0, 0, 1]).toString('latin1'); // the longest that a call may say
    return floodSocket(server.place.path('spool/eximius-control'), open, floods);
  });
  if (server.log('panic') !== '') report({ name: 'the panic log', outcome: server.log('panic'), sentMiB: 0, grownMiB: 0 });
}

async function floodFromClient(port: number, flood: ClientFlood, floods: Floods): Promise<string> {
  const from = flood.from === undefined ? {} : { localAddress: flood.from };
  const client = await SmtpClient.connect(port, from);
  const replies: string[] = [];
  if (flood.from !== PROXY_CLIENT) await client.reply();
  for (const line of flood.lead) await client.command(line);
  await client.write(flood.start);
  await floods.into(client.socket, flood.fill ?? 'x');
  if (flood.end !== undefined) await client.write(flood.end);
  else client.endWriting();
  for (let reply = await client.reply(); reply !== '' && replies.length < 20; reply = await client.reply()) {
    replies.push(reply.replaceAll('\n', '|'));
    if (flood.end !== undefined) break;
  }
  client.close();
  return replies.join(' / ').slice(0, 400);
}

async function floodSocket(path: string, start: string, floods: Floods): Promise<string> {
  const socket = connect({ path });
  socket.on('error', () => {}).resume();
  await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve));
  socket.write(Buffer.from(start, 'latin1'));
  await floods.into(socket, '\xff');
  const isEnded = socket.destroyed || socket.readableEnded;
  socket.destroy();
  return isEnded ? 'ended' : 'still open';
}

// ---------------------------------------------------------------- standard input

interface InputFlood {
  readonly args: readonly string[];
  readonly start: string;
  readonly fill: string;
  readonly end: string;
}

const ENVELOPE = 'MAIL FROM:<a@site.test>\r\nRCPT TO:<b@site.test>\r\nDATA\r\n';

const INPUT_FLOODS: Readonly<Record<string, InputFlood>> = {
  '-bs, a command': { args: ['-bs'], start: '', fill: 'x', end: '\r\nQUIT\r\n' },
  '-bs, a header': { args: ['-bs'], start: `EHLO x\r\n${ENVELOPE}Subject: `, fill: 'x', end: '\r\n.\r\nQUIT\r\n' },
  '-bs, a body': { args: ['-bs'], start: `EHLO x\r\n${ENVELOPE}Subject: x\r\n\r\n`, fill: 'x', end: '\r\n.\r\nQUIT\r\n' },
  '-bS, a command': { args: ['-bS'], start: 'MAIL FROM:<', fill: 'x', end: '\r\nQUIT\r\n' },
  '-bm, a header': { args: ['-bm', 'b@site.test'], start: 'Subject: ', fill: 'x', end: '\n\nx\n' },
  '-bm, a body': { args: ['-bm', 'b@site.test'], start: 'Subject: x\n\n', fill: 'x', end: '\n' },
  '-t, an address list': { args: ['-t'], start: 'To: ', fill: 'a@b.test,', end: '\n\nx\n' },
};

async function floodStandardInput(server: MailServer, floods: Floods, report: Report): Promise<void> {
  for (const [name, flood] of Object.entries(INPUT_FLOODS)) report(await floodProgram(name, flood, server, floods));
}

/** What a program needs without a flood is not counted. */
const PROGRAM_MIB = 125;

async function floodProgram(
  name: string,
  { args, start, fill, end }: InputFlood,
  server: MailServer,
  floods: Floods,
): Promise<EndlessResult> {
  floods.sentBytes = 0;
  const program = spawn(process.execPath, [`${ROOT}/scripts/exim.ts`, '-C', server.config, '-odq', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let peakKib = 0;
  const look = () => {
    peakKib = Math.max(peakKib, statusPeakKib(program.pid ?? 0));
  };
  const timer = setInterval(look, 50);
  for (const stream of [program.stdout, program.stderr])
    stream.setEncoding('latin1').on('data', (text: string) => (output = (output + text).slice(-2000)));
  const closed = new Promise<number | null>((resolve) => program.once('close', resolve));
  program.stdin.write(Buffer.from(start, 'latin1'));
  await floods.into(program.stdin, fill);
  look();
  program.stdin.end(end);
  const status = await closed;
  clearInterval(timer);
  const last = output.trim().split('\n').slice(-2).join(' / ').slice(0, 160);
  return {
    name,
    outcome: `status ${status}: ${last}`,
    sentMiB: floods.sentBytes / (1 << 20),
    grownMiB: Math.max(0, peakKib / 1024 - PROGRAM_MIB),
  };
}

function statusPeakKib(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0; // it has ended
  }
}
