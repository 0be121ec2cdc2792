/** `-bd`, `-bdf`, `-q<time>`, `-bw`: the daemon. Spec ch. 5 "-bd", "-bw". */
import { octetsFromBytes } from '../base/octets.ts';
import { eximProblemText } from '../config/problems.ts';
import { type MainOptions, mainOptions, unbuiltReason } from '../core/index.ts';
import { formatLogTime } from '../message/date.ts';
import { recordingFiles } from '../process/config-snapshot.ts';
import { type DaemonParts, startDaemon } from '../process/daemon.ts';
import type { PeriodicQueueRun } from '../process/role-arguments.ts';
import { readForCheck } from '../process/runtime.ts';
import { DirectSpawner } from '../system/direct-spawner.ts';
import { startOwnProcess } from '../system/processes.ts';
import type { Invocation } from './invocation.ts';
import type { ModeContext, ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { queueRunOptions } from './queue-run-options.ts';
import { startLines } from './start-lines.ts';

/** The process that stays is told by this that it is to be the daemon, in the foreground of nobody. */
export const DETACHED = 'EXIMIUS_DETACHED';

export const runDaemon: ModeRunner = async (context) => {
  const { invocation } = context;
  const isForeground = invocation.mode?.kind === 'daemon' && invocation.mode.isForeground;
  const isDetached = context.system.machine.environment().has(DETACHED);
  // who started us with a listening socket waits for our end
  const isForInetd = invocation.mode?.kind === 'inetd-wait';
  return isForeground || isDetached || isForInetd ? runHere(context, isDetached) : detach(context);
};

/** The command returns when the daemon accepts, or tells why it does not. */
async function detach({ script, io, argv }: ModeContext): Promise<number> {
  const daemon = startOwnProcess({
    script,
    args: argv,
    descriptors: [],
    environment: { [DETACHED]: '1' },
    isDetached: true,
    hasChannel: true,
    keepsStderr: true,
    onStderr: (bytes) => io.stderr.write(octetsFromBytes(bytes)),
  });
  const started = new Promise<number>((resolve) => {
    daemon.onMessage((message) => resolve(message === 'started' ? 0 : 1));
    void daemon.exited.then((exit) => resolve(exit.status ?? 1));
  });
  const status = await started;
  daemon.detach();
  return status;
}

async function runHere(context: ModeContext, isDetached: boolean): Promise<number> {
  const { invocation, io, system } = context;
  const recorded = recordingFiles(system.files);
  const opened = await openForMode(context, { files: recorded.files });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller } = opened;
  if (!caller.isAdmin) {
    io.stderr.write('exim: permission denied\n');
    opened.close();
    return 1;
  }
  const { config, services } = runtime;
  const choice = { paths: invocation.configFiles ?? context.build.configureFiles, macros: invocation.macros };
  const { lists, log } = services;
  const unbuilt = unbuiltReason(config, 'process');
  if (unbuilt !== undefined) {
    log.panic(unbuilt);
    log.flush();
    io.stderr.write(`exim: ${unbuilt}\n`);
    return 1;
  }
  const tlsProblem = serverTlsProblem(config.main, context);
  if (tlsProblem !== undefined) {
    log.panic(`Exim configuration error:\n  ${tlsProblem}`);
    log.flush();
    io.stderr.write(`Exim configuration error:\n  ${tlsProblem}\n`);
    return 1;
  }
  if (offersTlsWithoutCertificate(config.main)) log.main(SELF_SIGNED_WARNING);
  const started = await startDaemon({
    config,
    choice,
    files: system.files,
    log,
    net: system.net,
    script: context.script,
    pid: system.machine.pid,
    isRoot: system.machine.effectiveUid() === 0,
    processors: system.machine.processors(),
    overriding: invocation.listen.interfaces === undefined ? undefined : lists.split(invocation.listen.interfaces),
    tlsOnConnect: invocation.listen.tlsOnConnect,
    pidFile: invocation.listen.pidFile,
    listens: invocation.mode?.kind === 'daemon',
    inherited: invocation.mode?.kind === 'inetd-wait' ? { fd: 0, idleSeconds: invocation.mode.idleSeconds } : undefined,
    queueRuns: queueRunsOf(invocation),
    deliveryMode: invocation.delivery === 'default' ? undefined : invocation.delivery,
    split: (list) => lists.split(list),
    snapshot: recorded.snapshot,
    reread: () => reread(context),
    startLines: await startLines(runtime, context),
  });
  if (started.kind === 'failed') {
    if (started.message.startsWith(CONFIGURATION_ERROR) && log.panicOnly) log.panicOnly(started.message);
    else log.panic(started.message);
    log.flush();
    io.stderr.write(`${formatLogTime(system.clock, config.main.timezone, system.clock.now())} ${started.message}\n`);
    return 1;
  }
  if (isDetached) process.send?.('started');
  return -1;
}

function queueRunsOf({ queueRuns }: Invocation): readonly PeriodicQueueRun[] {
  return queueRuns.flatMap((selection) => {
    const { queueName, intervalSeconds } = selection;
    return intervalSeconds === undefined ? [] : [{ queueName, intervalSeconds, options: queueRunOptions(selection) }];
  });
}

/** Ciphers and options that no client could have TLS with are told at once, as far as they do not depend on the client. */
function serverTlsProblem(
  { tls_require_ciphers: ciphers, openssl_options: options }: MainOptions,
  { system }: ModeContext,
): string | undefined {
  const request = { certificateFile: '', keyFile: '', clientCertificate: 'none' } as const;
  const ofOptions = options === mainOptions.openssl_options.default ? undefined : system.net.serverTlsProblem({ ...request, options });
  if (ofOptions) return ofOptions.message;
  if (ciphers?.constant === undefined || ciphers.constant === '') return undefined;
  const ofCiphers = system.net.serverTlsProblem({ ...request, ciphers: ciphers.constant });
  return ofCiphers && `tls_require_ciphers invalid: ${ofCiphers.message}`;
}

/** What begins so was found in the configuration: the main log does not have it. */
const CONFIGURATION_ERROR = 'Exim configuration error';

const SELF_SIGNED_WARNING =
  'Warning: No server certificate defined; will use a selfsigned one.\n Suggested action: either install a certificate or change tls_advertise_hosts option';

/** As far as it can be known without a client. */
function offersTlsWithoutCertificate({ tls_advertise_hosts: hosts, tls_certificate: certificate }: MainOptions): boolean {
  return hosts !== undefined && hosts.template.constant !== '' && (certificate === undefined || certificate.constant === '');
}

/** As at the start, but nothing runs by it. */
async function reread(context: ModeContext): Promise<Awaited<ReturnType<DaemonParts['reread']>>> {
  const { system, registry, build, invocation } = context;
  const recorded = recordingFiles(system.files);
  const read = await readForCheck({
    system,
    registry,
    userActions: system.userActions,
    spawner: new DirectSpawner(),
    load: {
      paths: invocation.configFiles ?? build.configureFiles,
      macros: invocation.macros,
      build,
      files: recorded.files,
      accounts: system.accounts,
      machine: system.machine,
    },
  });
  if (read.loaded.kind === 'ok') return { kind: 'ok', snapshot: recorded.snapshot };
  const problem = read.loaded.problems.find(({ severity }) => severity === 'error');
  return { kind: 'failed', message: problem ? eximProblemText(problem).replaceAll('\n', '') : 'it cannot be read' };
}
