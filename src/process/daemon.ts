/** A daemon: binds its ports, writes its pid file, starts supervisor, workers and helper, reloads and ends on signals. Spec ch. 5 "-bd". */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets } from '../base/octets.ts';
import { formatTimeSpan } from '../base/time-span.ts';
import { EXIM_VERSION } from '../base/version.ts';
import type { Config, Files, Log, OpenFile, SystemResult } from '../core/index.ts';
import type { BoundSocket, SystemNet } from '../system/net.ts';
import { onSignal, startOwnProcess } from '../system/processes.ts';
import { newTicketSecret } from '../system/ticket-keys.ts';
import type { ConfigChoice } from './choice.ts';
import { type ConfigSnapshot, writeSnapshot } from './config-snapshot.ts';
import { type ListenAddress, listenAddresses } from './listen.ts';
import { agentPolicy } from './policy.ts';
import { encodeRole, type PeriodicQueueRun } from './role-arguments.ts';
import { makeSpoolDirectory } from './spool-directory.ts';
import { Supervisor } from './supervisor.ts';

export interface DaemonParts {
  readonly config: Config;
  readonly choice: ConfigChoice;
  readonly files: Files;
  readonly log: Log;
  readonly net: SystemNet;
  readonly script: string;
  readonly pid: number;
  readonly isRoot: boolean;
  readonly processors: number;
  /** Items of `-oX`. */
  readonly overriding: readonly Octets[] | undefined;
  readonly tlsOnConnect: boolean;
  readonly pidFile: Octets | undefined;
  readonly listens: boolean;
  /** A socket that listens already, from inetd or its like (`-bw`); the daemon ends when nobody connects for so long. */
  readonly inherited?: InheritedSocket | undefined;
  readonly queueRuns: readonly PeriodicQueueRun[];
  readonly deliveryMode: 'background' | 'foreground' | 'queue' | 'queue-smtp' | undefined;
  readonly split: (list: Octets) => readonly Octets[];
  /** What reading the configuration read. */
  readonly snapshot: ConfigSnapshot;
  /** Reads it again, and checks it. */
  readonly reread: () => Promise<
    { readonly kind: 'ok'; readonly snapshot: ConfigSnapshot } | { readonly kind: 'failed'; readonly message: Octets }
  >;
  /** Tells the configuration's not-yet parts and warnings at start. */
  readonly startLines: readonly Octets[];
}

export interface InheritedSocket {
  readonly fd: number;
  readonly idleSeconds: number | undefined;
}

export type DaemonStart =
  | { readonly kind: 'ok'; readonly ports: readonly number[] }
  | { readonly kind: 'failed'; readonly message: Octets };

const DEFAULT_INTERFACES = '<; ::0 ; 0.0.0.0';

/** Returns when the workers accept; the process goes on until a signal. */
export async function startDaemon(parts: DaemonParts): Promise<DaemonStart> {
  const { config, log, files } = parts;
  const bound: { readonly socket: Pick<BoundSocket, 'fd' | 'port' | 'close'>; readonly at: ListenAddress }[] = [];
  if (parts.inherited) {
    const at = { address: '', port: 0, isTlsOnConnect: parts.tlsOnConnect };
    bound.push({ socket: { fd: parts.inherited.fd, port: 0, close: () => {} }, at });
  }
  if (parts.listens) {
    const wanted = wantedAddresses(parts);
    if (wanted.kind === 'error') return { kind: 'failed', message: wanted.message };
    for (const at of wanted.addresses) {
      const socket = await bindPatiently(parts, at);
      if (socket.kind === 'ok') {
        bound.push({ socket: socket.value, at });
        continue;
      }
      if (isWithoutIpv6(at, socket.errno)) continue; // the other sockets do
      for (const other of bound) other.socket.close();
      return {
        kind: 'failed',
        message: `socket bind() to port ${at.port} for address ${at.address} failed: ${socket.reason}: daemon abandoned`,
      };
    }
  }
  const helperSocket = `${config.startup.spoolDirectory}/${HELPER_SOCKET}`;
  makeSpoolDirectory(files, config.startup, parts.isRoot);
  const submitSocket = prepareSubmissions(parts);
  const kept = keepSnapshot(parts, parts.snapshot);
  if (kept.kind === 'error') return { kind: 'failed', message: `cannot write ${snapshotPath(config)}: ${kept.reason}` };
  const supervisor = makeSupervisor(parts, { bound, submitSocketFd: submitSocket?.fd, helperSocket, wasCutOff: markRunning(parts) });
  const end = async () => {
    for (const { socket } of bound) socket.close(); // as long as anybody holds it the system takes connections
    const isClean = await supervisor.stop();
    submitSocket?.close();
    removeTraces(parts, isClean);
    return isClean;
  };
  const failure = await supervisor.start();
  if (failure !== undefined) {
    await end();
    return { kind: 'failed', message: failure };
  }
  writePidFile(parts);
  log.main(
    startLine(
      parts,
      bound.map(({ at, socket }) => ({ ...at, port: socket.port })),
    ),
  );
  for (const line of parts.startLines) log.main(line);
  log.flush();
  supervisor.begin();
  const stop = obeySignals(parts, supervisor, end);
  if (parts.inherited?.idleSeconds !== undefined) endWhenIdle(parts, supervisor, parts.inherited.idleSeconds, stop);
  return { kind: 'ok', ports: bound.map(({ socket }) => socket.port) };
}

function isWithoutIpv6({ address }: ListenAddress, errno: string): boolean {
  const isAny = address === '::0' || address === '::';
  return address.includes(':') && (errno === 'EAFNOSUPPORT' || (isAny && errno === 'EADDRNOTAVAIL'));
}

/**
 * What cannot be had is tried again (`daemon_startup_retries`): the daemon before this one may still be ending, or an interface may not have its address
 * yet.
 */
async function bindPatiently({ net, log, config }: DaemonParts, at: ListenAddress): Promise<SystemResult<BoundSocket>> {
  const { daemon_startup_retries: retries, daemon_startup_sleep: seconds } = config.main;
  for (let left = retries; ; left--) {
    const socket = net.bind(at.address, at.port, at.address.includes(':'));
    if (socket.kind === 'ok' || isWithoutIpv6(at, socket.errno) || left <= 0) return socket;
    const tries = `${left} more ${left === 1 ? 'try' : 'tries'}`;
    log.main(
      `socket bind() to port ${at.port} for address ${at.address} failed: ${socket.reason}: waiting ${formatTimeSpan(seconds)} before trying again (${tries})`,
    );
    log.flush();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

const HELPER_SOCKET = 'eximius-helper';

function wantedAddresses(parts: DaemonParts): ReturnType<typeof listenAddresses> {
  const { main } = parts.config;
  return listenAddresses({
    localInterfaces: parts.split(main.local_interfaces ?? DEFAULT_INTERFACES),
    smtpPorts: parts.split(main.daemon_smtp_ports ?? 'smtp'),
    tlsOnConnectPorts: parts.split(main.tls_on_connect_ports ?? ''),
    overriding: parts.overriding,
    tlsOnConnect: parts.tlsOnConnect,
    isIpv6Disabled: main.disable_ipv6,
  });
}

/** Whether a daemon before this one left its mark: it did not come to its end. */
function markRunning({ config, files, isRoot, pid }: DaemonParts): boolean {
  const mark = runningMark(config);
  const wasCutOff = files.stat(mark).kind === 'ok';
  const opened = createAnew(files, mark, 0o640, isRoot);
  if (opened.kind === 'ok') {
    opened.value.write(bytesFromOctets(`${pid}\n`));
    opened.value.close();
  }
  return wasCutOff;
}

function snapshotPath(config: Config): Octets {
  return `${config.startup.spoolDirectory}/eximius-config`;
}

function keepSnapshot({ config, files, isRoot }: DaemonParts, snapshot: ConfigSnapshot): SystemResult<void> {
  return writeSnapshot(files, snapshotPath(config), snapshot, { gid: config.startup.eximGid, isRoot });
}

function runningMark(config: Config): Octets {
  return `${config.startup.spoolDirectory}/eximius-running`;
}

const OPEN_TO_ALL = 0o666;

/**
 * The drop directory and the submission socket, where only root can make them. The socket is bound here, whomever its directory belongs to, and inherited by the
 * worker that serves it; undefined: that worker binds it itself, or there is none.
 */
function prepareSubmissions({ config, files, isRoot, net, log }: DaemonParts): { readonly fd: number; close(): void } | undefined {
  const { build, startup } = config;
  if (!isRoot || build.submitSocket === '') return undefined;
  files.mkdir(build.submitSocket.slice(0, build.submitSocket.lastIndexOf('/')), 0o755); // usually it is there
  if (files.mkdir(build.dropDirectory, 0o1733).kind === 'ok') files.chown(build.dropDirectory, startup.eximUid, startup.eximGid);
  const bound = net.bindPath(build.submitSocket, OPEN_TO_ALL);
  if (bound.kind === 'ok') return bound.value;
  log.main(`submission socket ${build.submitSocket}: ${bound.reason}: local users without rights cannot submit mail`);
  return undefined;
}

interface Inherited {
  readonly bound: readonly { readonly socket: Pick<BoundSocket, 'fd'>; readonly at: ListenAddress }[];
  readonly submitSocketFd: number | undefined;
  readonly helperSocket: Octets;
  /** The daemon before this one did not come to its end. */
  readonly wasCutOff: boolean;
}

function makeSupervisor(parts: DaemonParts, { bound, submitSocketFd, helperSocket, wasCutOff }: Inherited): Supervisor {
  const { config, script, log } = parts;
  const choice = { ...parts.choice, snapshot: snapshotPath(config) };
  const { main, startup, build } = config;
  const hasAgent = parts.isRoot && !main.deliver_drop_privilege;
  const policy = agentPolicy(build, startup, main);
  const helper = encodeRole({
    choice,
    socket: helperSocket,
    exim: policy.exim,
    neverUsers: [...policy.neverUsers],
    childLimit: main.agent_children,
  });
  const descriptors = bound.map(({ socket }) => socket.fd);
  /** The first worker serves the submission socket too. */
  const submissions = (index: number) => (index === 0 && submitSocketFd !== undefined ? [submitSocketFd] : []);
  const ticketSecret = newTicketSecret();
  return new Supervisor({
    workerCount: main.workers > 0 ? main.workers : parts.processors,
    startWorker: (index) =>
      startOwnProcess({
        script,
        descriptors: [...descriptors, ...submissions(index)],
        hasChannel: true,
        keepsStderr: true,
        environment: ticketSecret,
        args: [
          '--eximius-role=worker',
          encodeRole({
            choice,
            index,
            sockets: bound.map(({ at }, i) => ({ fd: 3 + i, isTlsOnConnect: at.isTlsOnConnect })),
            submitSocketFd: submissions(index).length > 0 ? 3 + bound.length : undefined,
            helperSocket,
            hasAgent,
            becomes: parts.isRoot ? policy.exim : undefined,
            queueRuns: parts.queueRuns,
            takesUp: wasCutOff,
            deliveryMode: parts.deliveryMode,
          }),
        ],
      }),
    startHelper: () =>
      startOwnProcess({
        script,
        descriptors: [],
        hasChannel: true,
        keepsStderr: true,
        args: [`--eximius-role=${hasAgent ? 'agent' : 'spawner'}`, helper],
      }),
    log: (line) => log.main(line),
    panic: (line) => log.panic(line),
    delay: (ms, then) => {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
  });
}

/** Root never opens what is there: it could be a link that Exim's user, whose directory it is, has put there. Others may have been given the file and not its directory. */
function createAnew(files: Files, path: Octets, mode: number, isRoot: boolean): SystemResult<OpenFile> {
  files.unlink(path);
  const made = files.open(path, 'create-exclusive', mode, true);
  return made.kind === 'error' && made.errno === 'EEXIST' && !isRoot ? files.open(path, 'create', mode, true) : made;
}

function writePidFile({ pidFile, config, files, isRoot, log, pid, listens }: DaemonParts): void {
  const path = pidFile ?? (listens ? config.startup.pidFilePath : '');
  if (path === '') return;
  const opened = createAnew(files, path, 0o644, isRoot);
  if (opened.kind === 'error') {
    log.panic(`failed to open pid file ${path}: ${opened.reason}`);
    return;
  }
  opened.value.write(bytesFromOctets(`${pid}\n`));
  opened.value.close();
}

/** `exim 4.99 daemon started: pid=1, -q30m, listening for SMTP on port 25 (IPv6 and IPv4) and for SMTPS on port 465`. */
function startLine(parts: DaemonParts, addresses: readonly ListenAddress[]): Octets {
  if (parts.inherited) {
    const { idleSeconds } = parts.inherited;
    const end = idleSeconds === undefined ? 'with no wait timeout' : `terminating after ${idleSeconds} seconds`;
    return `exim ${EXIM_VERSION} daemon started: pid=${parts.pid}, launched with listening socket, ${end}`;
  }
  return `exim ${EXIM_VERSION} daemon started: pid=${parts.pid}, ${queueRunsText(parts.queueRuns)}, ${listeningText(addresses)}`;
}

/** `-q30m`, `-qq1h`; where there are several, with the names of their queues: `-q30m -qGslow/1h`. */
function queueRunsText(runs: readonly PeriodicQueueRun[]): Octets {
  if (runs.length === 0) return 'no queue runs';
  return runs
    .map(({ queueName, intervalSeconds, options }) => {
      const name = runs.length > 1 && queueName !== '' ? `G${queueName}/` : '';
      return `-q${options.isTwoStage ? 'q' : ''}${name}${formatTimeSpan(intervalSeconds)}`;
    })
    .join(' ');
}

function listeningText(addresses: readonly ListenAddress[]): Octets {
  if (addresses.length === 0) return 'not listening for SMTP';
  const group = (isTls: boolean) => {
    const places = addresses.filter((at) => at.isTlsOnConnect === isTls);
    return [...new Set(places.map((at) => placeText(at, places)))].join(' ');
  };
  const smtp = group(false);
  const smtps = group(true);
  const parts = [...(smtp === '' ? [] : [`for SMTP on ${smtp}`]), ...(smtps === '' ? [] : [`for SMTPS on ${smtps}`])];
  return `listening ${parts.join(' and ')}`;
}

/** A port on all interfaces is told once for both families, the ports of one address together. */
function placeText(at: ListenAddress, all: readonly ListenAddress[]): Octets {
  const isAny = (address: Octets) => address === '0.0.0.0' || address === '::0' || address === '::';
  if (!isAny(at.address)) {
    const ports = all.filter((other) => other.address === at.address).map(({ port }) => port);
    return `[${at.address}]:${ports.length === 1 ? at.port : `{${ports.join(',')}}`}`;
  }
  const families = all.filter((other) => isAny(other.address) && other.port === at.port);
  const both = families.some((other) => other.address.includes(':')) && families.some((other) => !other.address.includes(':'));
  return `port ${at.port} (${both ? 'IPv6 and IPv4' : at.address.includes(':') ? 'IPv6' : 'IPv4'})`;
}

/** Once nobody was connected for the time: inetd then listens itself again. */
function endWhenIdle(parts: DaemonParts, supervisor: Supervisor, idleSeconds: number, stop: () => void): void {
  const look = () => {
    const leftMs = idleSeconds * 1000 - supervisor.idleMs();
    if (leftMs > 0) {
      setTimeout(look, leftMs);
      return;
    }
    parts.log.main(`exim ${EXIM_VERSION} daemon terminating, inetd wait timeout reached.`);
    stop();
  };
  setTimeout(look, idleSeconds * 1000);
}

/** `end` is called by each signal: the second one makes haste. What is returned does as a signal does. */
function obeySignals(parts: DaemonParts, supervisor: Supervisor, end: () => Promise<boolean>): () => void {
  onSignal('SIGHUP', () => {
    parts.log.main(`pid ${parts.pid}: SIGHUP received: re-exec daemon`);
    void reload(parts, supervisor);
  });
  const stop = () => {
    void end().then(() => {
      parts.log.flush();
      process.exit(0);
    });
  };
  onSignal('SIGTERM', stop);
  onSignal('SIGINT', stop);
  return stop;
}

/** Files of a daemon that runs. Where something was cut off the next one takes up what is in the spool. */
function removeTraces(parts: DaemonParts, isClean: boolean): void {
  const { config, files, pidFile } = parts;
  const pid = pidFile ?? config.startup.pidFilePath;
  if (pid !== '') files.unlink(pid);
  files.unlink(`${config.startup.spoolDirectory}/${HELPER_SOCKET}`);
  files.unlink(snapshotPath(config));
  if (isClean) files.unlink(runningMark(config));
}

/** A broken configuration is refused and the running one stays (DESIGN 3.17). */
async function reload(parts: DaemonParts, supervisor: Supervisor): Promise<void> {
  const read = await parts.reread();
  const kept = read.kind === 'ok' ? keepSnapshot(parts, read.snapshot) : undefined;
  if (read.kind === 'failed') parts.log.panic(`configuration not reloaded: ${read.message}`);
  else if (kept?.kind === 'error')
    parts.log.panic(`configuration not reloaded: cannot write ${snapshotPath(parts.config)}: ${kept.reason}`);
  else {
    supervisor.reload();
    parts.log.main('configuration reloaded');
  }
  parts.log.flush();
}
