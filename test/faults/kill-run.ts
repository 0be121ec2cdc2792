/** `kill -9` at random moments while messages arrive: each message that was answered with 250 must be delivered (crash points of spool, agent and mailbox). */
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { MailServer, placeOptions } from '../e2e/support/mail-server.ts';
import { Place } from '../e2e/support/place.ts';
import { waitFor } from '../e2e/support/wait.ts';
import { type Audit, auditMail, letTimePass, spoolFiles } from './audit.ts';
import { makeChooser } from './chooser.ts';
import { Senders } from './senders.ts';
import { type Target, targets, Victim } from './victim.ts';

export interface KillOptions {
  readonly kills: number;
  readonly messages: number;
  readonly seed: number;
  /** For the queue to become empty at the end. */
  readonly drainMs: number;
  readonly onKill?: (count: number, target: Target, accepted: number) => void;
}

export interface KillReport extends Audit {
  readonly kills: Readonly<Record<Target, number>>;
  readonly messages: number;
  readonly accepted: number;
  readonly unanswered: number;
  readonly refusals: readonly string[];
  /** Of messages that were cut off, when the queue was empty; a later queue run removes them. */
  readonly cutOffFiles: number;
  readonly leftFiles: readonly string[];
  /** Lines that tell something else than the end of a process that was killed. */
  readonly panics: readonly string[];
  readonly stderr: string;
}

const CONNECTIONS = 8;
const FIRST_PORT = 25300;
const PORTS = 100;
const MAX_DELAY_MS = 150;
const KILLED = /ended with (signal SIGKILL|status \d+): it is started again$/;

const PARTS = `
primary_hostname = site.test
smtp_accept_queue_per_connection = 0
daemon_startup_sleep = 1s
domainlist local_domains = site.test
acl_smtp_rcpt = accept

begin routers
local:
  driver = accept
  domains = +local_domains
  transport = mailbox

begin retry
* * F,1h,1s
`;

function configuration(place: Place, port: number): string {
  const user = place.account;
  const transport = `
begin transports
mailbox:
  driver = appendfile
  directory = ${place.path('mail/box')}
  maildir_format
  user = ${user.name}
  group = ${user.gid}
`;
  return placeOptions(place, { daemon_smtp_ports: port, workers: 2 }) + PARTS + transport;
}

export async function runKills(options: KillOptions): Promise<KillReport> {
  const place = new Place('kill');
  const port = await freeLowPort();
  const server = new MailServer(place, configuration(place, port));
  const victim = new Victim(server.config);
  const lifetime = new AbortController();
  const senders = new Senders({ port, messages: options.messages, connections: CONNECTIONS, until: lifetime.signal });
  try {
    victim.start();
    const sending = senders.run();
    const kills = await killAtRandom(victim, senders, options);
    await sending;
    await victim.orphansEnd();
    await queueDrained(place, options.drainMs);
    await victim.stop();
    const cutOff = spoolFiles(place);
    const leftFiles = await cleanedUp(server, cutOff);
    return {
      ...auditMail(senders.sent, place.maildir('mail/box')),
      kills,
      messages: senders.sent.length,
      accepted: senders.sent.filter((message) => message.accepted > 0).length,
      unanswered: senders.sent.reduce((sum, message) => sum + message.unanswered, 0),
      refusals: senders.refusals,
      cutOffFiles: cutOff.length,
      leftFiles,
      panics: server
        .log('panic')
        .split('\n')
        .filter((line) => line !== '' && !KILLED.test(line)),
      stderr: victim.stderr,
    };
  } finally {
    lifetime.abort();
    victim.destroy();
    if (process.env.EXIMIUS_TEST_KEEP === undefined) place.remove();
  }
}

/** The moments are counts of accepted messages, drawn beforehand, and a short time after each; a supervisor that was killed is started again at once. */
async function killAtRandom(victim: Victim, senders: Senders, options: KillOptions): Promise<Record<Target, number>> {
  const choose = makeChooser(options.seed);
  const kills: Record<Target, number> = { tree: 0, supervisor: 0, worker: 0, agent: 0, 'agent-child': 0 };
  const moments = Array.from({ length: options.kills }, () => choose(options.messages)).sort((a, b) => a - b);
  for (const [index, moment] of moments.entries()) {
    await waitFor(
      () => `${moment} messages accepted; ${senders.accepted} are`,
      () => isReached(victim, senders, moment),
      120_000,
    );
    await pause(choose(MAX_DELAY_MS));
    const target = await waitFor('a process to kill', async () => {
      victim.assertRunning();
      const wanted = targets[choose(targets.length)] ?? 'tree';
      return (await victim.kill(wanted, choose)) && wanted;
    });
    kills[target]++;
    options.onKill?.(index + 1, target, senders.accepted);
    if (!victim.isRunning) victim.start();
  }
  return kills;
}

function isReached(victim: Victim, senders: Senders, moment: number): boolean {
  victim.assertRunning();
  return senders.accepted >= moment;
}

function queueDrained(place: Place, limitMs: number): Promise<boolean> {
  const queued = () => spoolFiles(place).filter((path) => path.endsWith('-H'));
  return waitFor(
    () => `an empty queue; there are ${queued().join(', ')}\n${place.read('log/mainlog').slice(-2000)}`,
    () => queued().length === 0,
    limitMs,
  );
}

/** What a queue run does not remove, an hour later. */
async function cleanedUp(server: MailServer, files: readonly string[]): Promise<string[]> {
  letTimePass(files);
  const { status, stderr } = await server.exim(['-q']);
  if (status !== 0) throw new Error(`the queue run failed: ${stderr}`);
  return spoolFiles(server.place);
}

/** Not one that an outgoing connection may get while the daemon is down. */
async function freeLowPort(): Promise<number> {
  const start = process.pid % PORTS;
  for (let i = 0; i < PORTS; i++) {
    const port = FIRST_PORT + ((start + i) % PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${FIRST_PORT} on`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
