/** A worker: sessions, ACLs, routing and delivery with Exim's rights. Accepts from inherited sockets; one of the workers runs the queue (DESIGN 3.10). */
import type { Octets } from '../base/octets.ts';
import type { AcceptedMessage, Caller, Connection, Frame, Problem, Session, SystemResult } from '../core/index.ts';
import { earlier, untilAborted } from '../core/index.ts';
import { type DeliverParts, type DeliveryReason, leaveOnQueue, ON_ARRIVAL } from '../deliver/attempt.ts';
import { DeliveryPool } from '../deliver/pool.ts';
import { leftBehind, type QueueRunOptions, runQueue } from '../deliver/queue-run.ts';
import { deliverById } from '../deliver/run.ts';
import type { DeliveryWish } from '../receive/dialogue.ts';
import { SmtpSession } from '../receive/session.ts';
import { newOrigin, newSessionState } from '../receive/transaction.ts';
import type { Listener, SystemNet } from '../system/net.ts';
import type { Admission } from './admission.ts';
import { type AdmittedEntrance, admitConnection } from './connection-limits.ts';
import { isTlsPort } from './listen.ts';
import { listenBacklog } from './listen-backlog.ts';
import { SESSION_GRACE_MS, WORKER_GRACE_MS } from './messages.ts';
import type { PeriodicQueueRun } from './role-arguments.ts';
import type { Runtime } from './runtime.ts';
import { TurnedLine } from './turned-line.ts';

export interface WorkerSocket {
  /** Inherited, bound. */
  readonly fd: number;
  readonly isTlsOnConnect: boolean;
}

export interface WorkerParts {
  readonly runtime: Runtime;
  readonly net: SystemNet;
  readonly sockets: readonly WorkerSocket[];
  readonly admission: Admission;
  /** Of the one worker that runs queues, which also takes up what has no claim. */
  readonly queueRuns: readonly PeriodicQueueRun[];
  readonly isQueueRunner: boolean;
  readonly deliveryMode: DeliveryWish | undefined;
  /** Loads the configuration anew. */
  readonly reload: () => Promise<
    { readonly kind: 'ok'; readonly runtime: Runtime } | { readonly kind: 'failed'; readonly problems: readonly Problem[] }
  >;
}

/** For the reply to QUIT. */
const GOODBYE_MS = 10_000;
const DELIVERIES_AT_ONCE = 100;
/** A queue run leaves room for new messages. */
const QUEUE_DELIVERIES = 5;

/** Nobody calls the daemon: its sessions are those of Exim's user. */
function daemonCaller(runtime: Runtime): Caller {
  const { startup } = runtime.config;
  return {
    uid: startup.eximUid,
    gid: startup.eximGid,
    groups: [],
    login: startup.eximLogin,
    fullName: '',
    home: '',
    isTrusted: false,
    isAdmin: false,
  };
}

/** Whether it came to its end in time. */
async function within(waitMs: number, end: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, waitMs), false);
  });
  const isInTime = await Promise.race([end.then(() => true as const), timeout]);
  clearTimeout(timer);
  return isInTime;
}

export class Worker {
  readonly #parts: WorkerParts;
  readonly #lifetime = new AbortController();
  /** Deliveries end after sessions, and are not cut off with them. */
  readonly #deliveries = new AbortController();
  readonly #pool: DeliveryPool;
  #runtime: Runtime;
  #listeners: Listener[] = [];
  #connections = 0;
  #sessions = new Set<SmtpSession>();
  #queueTimers: NodeJS.Timeout[] = [];
  readonly #runs = new Set<Promise<void>>();
  /** Ends queue runs: what they deliver at the moment goes on. */
  readonly #queue = new AbortController();
  #stopping: Promise<boolean> | undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#runtime = parts.runtime;
    this.#pool = new DeliveryPool({
      parts: () => this.deliverParts(),
      concurrency: DELIVERIES_AT_ONCE,
      until: untilAborted(this.#deliveries.signal),
    });
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  /** Resolves when every socket is accepted from; with a reason when one cannot be. */
  async start(): Promise<{ readonly message: string; readonly isTemporary: boolean } | undefined> {
    for (const socket of this.#parts.sockets) {
      const listening = await this.#listen(socket);
      if (listening.kind === 'error') {
        // A worker of a daemon that was killed may still listen: it ends as soon as it sees that.
        return { message: `listen() failed: ${listening.reason}`, isTemporary: listening.errno === 'EADDRINUSE' };
      }
      this.#listeners.push(listening.value);
    }
    return undefined;
  }

  /** Queue runs at their times, the first ones now. */
  beginQueueRuns(): void {
    this.#scheduleQueue();
  }

  #listen(socket: WorkerSocket): Promise<SystemResult<Listener>> {
    const { main } = this.#runtime.config;
    return this.#parts.net.listen({ kind: 'descriptor', fd: socket.fd }, (connection) => void this.#accept(connection, socket), {
      backlog: main.smtp_connect_backlog,
      keepAlive: main.smtp_accept_keepalive,
      noDelay: main.tcp_nodelay,
      onAcceptFailure: (reason) => this.#runtime.services.log.panic(`accept() failed: ${reason.reason}`),
    });
  }

  /** Delivers what nobody holds and was never tried: after a start, or when a worker died. */
  takeUp(): void {
    if (!this.#parts.isQueueRunner) return;
    for (const { id, queueName } of leftBehind(this.#runtime)) this.#pool.addId(id, queueName);
  }

  /** A queue run on request (`-q`, ETRN). */
  runQueueNow(): Promise<void> {
    return this.#run({});
  }

  async reload(): Promise<string | undefined> {
    const loaded = await this.#parts.reload();
    if (loaded.kind === 'failed') return loaded.problems.find((problem) => problem.severity === 'error')?.message ?? 'it cannot be loaded';
    const old = this.#runtime;
    this.#runtime = loaded.runtime;
    // What runs keeps the old one; its files are closed when that has ended.
    void this.#sessionsEnd([...this.#sessions])
      .then(() => this.#pool.idle())
      .then(() => old.close());
    this.#scheduleQueue();
    return undefined;
  }

  /**
   * No new connections; sessions end behind the transaction they are in, deliveries come to their end, each for a time. `others` is waited for as sessions are.
   * False when something was cut off or is left: the spool has it.
   */
  stop(others: Promise<unknown> = Promise.resolve()): Promise<boolean> {
    this.#stopping ??= this.#stop(others);
    return this.#stopping;
  }

  /** The supervisor is gone, and the agent with it: as `stop`, but what has not begun is left to the next daemon. */
  abandon(others?: Promise<unknown>): Promise<boolean> {
    this.#queue.abort();
    void this.#pool.close();
    return this.stop(others);
  }

  async #stop(others: Promise<unknown>): Promise<boolean> {
    this.#stopQueueRuns();
    this.#queue.abort();
    const startedMs = performance.now();
    const ends = [others, ...this.#listeners.map((listener) => listener.close())]; // each listener waits for its connections
    for (const session of this.#sessions) session.leave();
    const areSessionsOver = await within(SESSION_GRACE_MS, Promise.all(ends));
    for (const session of this.#sessions) session.close();
    this.#lifetime.abort();
    const leftMs = WORKER_GRACE_MS - (performance.now() - startedMs);
    const areDeliveriesOver = await within(leftMs, Promise.all([this.#pool.idle(), ...this.#runs]));
    void this.#pool.close();
    if (areDeliveriesOver) await this.#runtime.spool.close();
    this.#runtime.services.log.flush();
    return areSessionsOver && areDeliveriesOver;
  }

  /** Ends when the session has begun: what waits for it takes memory as long as it lasts. Never rejects. */
  async #accept(connection: Connection, socket: WorkerSocket): Promise<void> {
    const { admission } = this.#parts;
    const { log } = this.#runtime.services;
    const host = connection.remoteAddress;
    let isAdmitted = false;
    try {
      this.#watchBacklog(connection);
      const number = ++this.#connections;
      const entrance = await admitConnection(admission, host, this.#connectionFrame(connection, number));
      if (entrance.kind === 'refused') {
        if (log.selected('connection_reject')) log.main(entrance.refusal.logLine);
        await connection.write(entrance.refusal.reply, untilAborted(this.#lifetime.signal));
        connection.end();
        connection.close();
        return;
      }
      isAdmitted = true;
      this.#serve(connection, socket, number, entrance);
    } catch (error) {
      if (isAdmitted) admission.leave(host);
      log.panic(`session with [${host}] failed: ${error instanceof Error ? error.message : String(error)}`);
      connection.close();
    }
  }

  /** Of an admitted connection. */
  #serve(connection: Connection, socket: WorkerSocket, connectionNumber: number, { open, isReserved }: AdmittedEntrance): void {
    const runtime = this.#runtime;
    const session = new SmtpSession({
      connection,
      config: runtime.config,
      services: runtime.services,
      store: runtime.spool,
      mode: 'smtp-tcp',
      caller: daemonCaller(runtime),
      isRehearsal: false,
      connectionNumber,
      connectionCount: open,
      isPlaceReserved: isReserved,
      isTlsOnConnect: socket.isTlsOnConnect || isTlsPort(this.#tlsPorts(), connection.localPort),
      hostAddress: connection.remoteAddress,
      hostPort: connection.remotePort,
      onAccepted: (accepted, wish) => this.accepted(accepted, wish),
      turnLine: (line, customer, domains) => this.#turnLine(runtime, line, customer, domains),
      waitsFor: (work) => void this.#keep(work),
      startQueueRun: (recipient) => this.#run({ recipient: { text: recipient, isRegex: false } }),
      signal: this.#lifetime.signal,
      isClosedAtEnd: true,
      ...(this.#parts.deliveryMode === undefined ? {} : { deliveryMode: this.#parts.deliveryMode }),
    });
    this.#sessions.add(session);
    if (this.#stopping) session.leave();
    void session.run().finally(() => {
      this.#sessions.delete(session);
      this.#parts.admission.leave(connection.remoteAddress);
    });
  }

  /** `smtp_backlog_monitor`. */
  #watchBacklog({ localAddress, localPort }: Connection): void {
    const { config, services } = this.#runtime;
    const limit = config.main.smtp_backlog_monitor;
    if (limit <= 0) return;
    const waiting = listenBacklog(services.files, localPort);
    if (waiting > limit) services.log.main(`listen backlog ${waiting} I=[${localAddress}]:${localPort}`);
  }

  /** For a socket that inetd gave us: of our own sockets it is known which are for TLS. */
  #tlsPorts(): readonly Octets[] {
    return this.#runtime.services.lists.split(this.#runtime.config.main.tls_on_connect_ports ?? '');
  }

  /** What options about the connection see before it has a session. */
  #connectionFrame(connection: Connection, connectionNumber: number): Frame {
    const caller = daemonCaller(this.#runtime);
    const until = untilAborted(this.#lifetime.signal);
    const origin = Object.assign(newOrigin(caller, false), {
      hostAddress: connection.remoteAddress,
      hostPort: connection.remotePort,
      interfaceAddress: connection.localAddress,
      interfacePort: connection.localPort,
    });
    const session: Session = {
      mode: 'smtp-tcp',
      connectionNumber,
      startedAtMs: this.#runtime.services.clock.now(),
      caller,
      isRehearsal: false,
      until,
      state: newSessionState(origin),
    };
    return { ...this.#runtime.frame(until), session };
  }

  async #sessionsEnd(sessions: readonly SmtpSession[]): Promise<void> {
    while (sessions.some((session) => this.#sessions.has(session))) await new Promise((resolve) => setTimeout(resolve, 1000).unref());
  }

  #scheduleQueue(): void {
    this.#stopQueueRuns();
    const { isQueueRunner, queueRuns } = this.#parts;
    if (!isQueueRunner) return;
    for (const { queueName, intervalSeconds, options } of queueRuns) {
      const run = () => void this.#run(options, queueName);
      run();
      this.#queueTimers.push(setInterval(run, intervalSeconds * 1000));
    }
  }

  #stopQueueRuns(): void {
    for (const timer of this.#queueTimers.splice(0)) clearInterval(timer);
  }

  #run(options: QueueRunOptions, queueName: Octets = ''): Promise<void> {
    return this.#keep(this.#runOnce(options, queueName));
  }

  /** The customer's mail, over the connection that it has opened (ATRN). */
  async #turnLine(runtime: Runtime, connection: Connection, host: Octets, domains: readonly Octets[]): Promise<void> {
    const line = new TurnedLine(runtime.services.net, connection, host);
    const { config, services, spool } = runtime;
    const odmr = { mode: 'P', host } as const;
    const parts: DeliverParts = { config, services: { ...services, net: line, odmr }, spool, handOver: (made) => this.#pool.add(made) };
    const options = { isTwoStage: true, isOdmr: true, recipient: { text: `@(${domains.join('|')})`, isRegex: true } };
    const until = untilAborted(this.#deliveries.signal);
    await this.#keep(runQueue(parts, options, (id, reason) => deliverById(parts, id, reason, until), untilAborted(this.#queue.signal)));
    await line.finish(earlier(untilAborted(this.#lifetime.signal), performance.now() + GOODBYE_MS));
  }

  /** The end waits for it. */
  #keep(work: Promise<void>): Promise<void> {
    this.#runs.add(work);
    return work.finally(() => this.#runs.delete(work));
  }

  async #runOnce(options: QueueRunOptions, queueName: Octets): Promise<void> {
    try {
      const deliver = async (id: string, reason: DeliveryReason) => {
        const end = await deliverById(this.deliverParts(queueName), id, reason, untilAborted(this.#deliveries.signal));
        if (end === 'interrupted') this.#pool.retry(id, queueName, reason);
      };
      await runQueue(
        this.deliverParts(queueName),
        { concurrency: QUEUE_DELIVERIES, ...options },
        deliver,
        untilAborted(this.#queue.signal),
      );
    } catch (error) {
      this.#runtime.services.log.panic(`queue run failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** At work on the queue of that name. */
  deliverParts(queueName: Octets = ''): DeliverParts {
    const { config, services, spool } = this.#runtime;
    return { config, services, spool: spool.inQueue(queueName), handOver: (made) => this.#pool.add(made) };
  }

  /** Takes the claim of an accepted message: delivers it now, or leaves it on the queue. */
  accepted(accepted: AcceptedMessage, wish: DeliveryWish): void {
    if (wish === 'queue') leaveOnQueue(accepted);
    else this.#pool.add(accepted, wish === 'queue-smtp' ? { ...ON_ARRIVAL, queuesSmtp: true } : ON_ARRIVAL);
  }
}
