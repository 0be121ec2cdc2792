/** Our own processes: worker, agent, agent's child, spawner. Started by the supervisor or by a command line, never by people (DESIGN 3.10). */
import { Duplex, Readable } from 'node:stream';
import { octetsFromUnicode } from '../base/octets.ts';
import { builtin } from '../builtin.ts';
import { type Spawner, type SystemResult, type UserActions, untilAborted } from '../core/index.ts';
import { WorkerAdmission } from '../process/admission.ts';
import { runAgentChild } from '../process/agent/child.ts';
import { AgentClient } from '../process/agent/client.ts';
import { AgentPool } from '../process/agent/pool.ts';
import { type ConfigChoice, decodeChoice, encodeChoice } from '../process/choice.ts';
import { type ConfigFiles, filesOfSnapshot, readSnapshot } from '../process/config-snapshot.ts';
import { parseToWorker, STARTED_AGAIN } from '../process/messages.ts';
import { answerPamRequest } from '../process/pam.ts';
import { decodeHelper, decodeWorker } from '../process/role-arguments.ts';
import { type OpeningRuntime, openRuntime, type Runtime } from '../process/runtime.ts';
import { SpawnerClient } from '../process/spawner/client.ts';
import { serveSpawner } from '../process/spawner/serve.ts';
import { CONTROL_SOCKET } from '../process/spool-directory.ts';
import { DropDirectory } from '../process/submit/drop.ts';
import { type Submission, SubmissionServer, TEMPORARY_FAILURE } from '../process/submit/server.ts';
import { Worker } from '../process/worker.ts';
import { attachedStream, connectLocal, listenLocal, startAttached } from '../system/attached-process.ts';
import { createSystem, type SystemPorts } from '../system/create-system.ts';
import { DirectSpawner } from '../system/direct-spawner.ts';
import { DirectUserActions } from '../system/direct-user-actions.ts';
import { currentIds } from '../system/own-ids.ts';
import { becomeIdentity } from '../system/privilege.ts';
import { onSignal, parentChannel } from '../system/processes.ts';
import { standardInput, standardOutput } from '../system/standard-streams.ts';
import { takeTicketSecret } from '../system/ticket-keys.ts';
import { workIn } from '../system/working-directory.ts';
import { readBuildSettings } from './build.ts';
import type { RunOptions } from './main.ts';
import { runSubmission } from './submission.ts';

type RoleOptions = RunOptions & {
  readonly script: string;
  /** Known before root is given up. */
  readonly supervisorUid: number;
};

export async function runRole(
  role: string,
  args: readonly string[],
  given: RunOptions & { readonly script: string },
): Promise<number | undefined> {
  const options: RoleOptions = { ...given, supervisorUid: currentIds().effectiveUid };
  const argument = args[0] ?? '';
  switch (role) {
    case 'worker':
      return runWorkerRole(argument, options);
    case 'agent':
      return runAgentRole(argument, options);
    case 'agent-child':
      return runAgentChildRole(argument, options);
    case 'spawner':
      return runSpawnerRole(argument);
    case 'pam':
      return answerPamRequest(standardInput(), (text) => standardOutput(1).write(octetsFromUnicode(text)));
    default:
      return 1;
  }
}

async function open(
  choice: ConfigChoice,
  system: SystemPorts,
  options: RoleOptions,
  actors: { userActions: UserActions; spawner: Spawner },
): Promise<OpeningRuntime> {
  const build = await readBuildSettings(system, options.adaptations);
  const files = snapshotOf(choice, system, options.supervisorUid);
  if (files.kind === 'error') {
    const at = { file: choice.snapshot ?? '', line: 1, column: 1 };
    return { kind: 'failed', problems: [{ severity: 'error', message: `the daemon's configuration cannot be read: ${files.reason}`, at }] };
  }
  return openRuntime({
    system,
    registry: builtin,
    ...actors,
    script: options.script,
    load: { paths: choice.paths, macros: choice.macros, build, files: files.value, accounts: system.accounts, machine: system.machine },
    writeStderr: (text) => standardOutput(2).write(text),
  });
}

/** What the supervisor read, where it left that; else the files themselves. */
function snapshotOf({ snapshot }: ConfigChoice, { files }: SystemPorts, supervisorUid: number): SystemResult<ConfigFiles> {
  if (snapshot === undefined) return { kind: 'ok', value: files };
  const read = readSnapshot(files, snapshot, supervisorUid);
  return read.kind === 'ok' ? { kind: 'ok', value: filesOfSnapshot(read.value, files) } : read;
}

async function runWorkerRole(argument: string, options: RoleOptions): Promise<number | undefined> {
  const args = decodeWorker(argument);
  const parent = parentChannel();
  if (!parent) return 1;
  const system = createSystem({ randomSeed: options.adaptations?.randomSeed, ticketSecret: takeTicketSecret() });
  const connect = () => connectLocal(args.helperSocket);
  const agent = args.hasAgent ? new AgentClient(connect) : undefined;
  const uid = args.becomes?.uid ?? currentIds().effectiveUid;
  const spawner = new SpawnerClient(connect, uid);
  const actors = agent ? { userActions: agent, spawner: agent } : { userActions: new DirectUserActions(system.files, uid), spawner };
  const opened = await open(args.choice, system, options, actors);
  if (opened.kind === 'failed') {
    parent.send({
      kind: 'failed',
      message: opened.problems.find((problem) => problem.severity === 'error')?.message ?? 'the configuration cannot be loaded',
    });
    return 1;
  }
  if (args.becomes) {
    const became = becomeIdentity(args.becomes);
    if (became.kind === 'error') {
      parent.send({ kind: 'failed', message: `cannot become uid ${args.becomes.uid}: ${became.reason}` });
      return 1;
    }
  }
  workIn(opened.runtime.config.startup.spoolDirectory);
  if (opened.runtime.config.main.perl_at_start) void startPerl(opened.runtime);
  const admission = new WorkerAdmission((message) => parent.send(message));
  const worker = new Worker({
    runtime: opened.runtime,
    net: system.net,
    sockets: args.sockets,
    admission,
    queueRuns: args.queueRuns,
    isQueueRunner: args.index === 0,
    deliveryMode: args.deliveryMode,
    reload: () => open(args.choice, system, options, actors),
  });
  const failure = await worker.start();
  if (failure?.isTemporary) return STARTED_AGAIN;
  if (failure !== undefined) {
    parent.send({ kind: 'failed', message: failure.message });
    return 1;
  }
  const submissions = args.index === 0 ? await openSubmissions(worker, system, options, args.submitSocketFd) : undefined;
  const helper = agent ?? spawner;
  const stop = (how: 'stop' | 'abandon') => {
    helper.stopWaiting();
    void worker[how](submissions?.close()).then((isClean) => process.exit(isClean ? 0 : 1));
  };
  parent.onMessage((value) => {
    const message = parseToWorker(value);
    switch (message?.kind) {
      case 'totals':
        return admission.totals(message.open);
      case 'admitted':
        return admission.admitted(message.request, message);
      case 'begin':
        return worker.beginQueueRuns();
      case 'take-up':
        return worker.takeUp();
      case 'reload':
        return void worker
          .reload()
          .then((problem) => parent.send(problem === undefined ? { kind: 'reloaded' } : { kind: 'reloaded', problem }));
      case 'stop':
        if (message.isUrgent) process.exit(1);
        return stop('stop');
      default:
        return undefined;
    }
  });
  parent.onClose(() => {
    admission.orphaned();
    stop('abandon');
    setTimeout(() => process.exit(1), ORPHAN_WAIT_MS); // nobody is left who would end it
  });
  ignoreSignals();
  parent.send({ kind: 'ready' });
  if (args.takesUp) worker.takeUp();
  return undefined;
}

/** Calls tell of a failure too; the log has it before. */
async function startPerl(runtime: Runtime): Promise<void> {
  const { services } = runtime;
  const started = await services.perl.start(runtime.frame(untilAborted(new AbortController().signal)));
  if (started.kind === 'fail' || started.kind === 'defer') services.log.panic(started.message);
}

/** For the deliveries of a worker whose supervisor is gone. */
const ORPHAN_WAIT_MS = 15_000;
const DROP_INTERVAL_MS = 30_000;
const NOT_WANTED = { kind: 'ok', value: undefined } as const;

/** The first worker serves users without rights: their command lines, and what they left while no daemon ran. */
async function openSubmissions(
  worker: Worker,
  system: SystemPorts,
  options: RoleOptions,
  boundFd: number | undefined,
): Promise<{ close(): Promise<void> }> {
  const { build } = worker.runtime.config;
  const { log } = worker.runtime.services;
  const run = (submission: Submission) => runSubmission({ worker, system, build, registry: builtin, script: options.script }, submission);
  const server = new SubmissionServer(run, (line) => log.panic(line));
  const listening =
    boundFd !== undefined
      ? await server.listenInherited(boundFd, system.native)
      : build.submitSocket === ''
        ? NOT_WANTED
        : await server.listen(build.submitSocket, system.native);
  const { startup } = worker.runtime.config;
  const control = await server.listen(`${startup.spoolDirectory}/${CONTROL_SOCKET}`, system.native, {
    uid: startup.eximUid,
    gid: startup.eximGid,
  });
  if (control.kind === 'error') log.panic(`control socket: ${control.reason}`);
  if (listening.kind === 'error' && build.preset !== 'embedded')
    log.main(`submission socket ${build.submitSocket}: ${listening.reason}: local users without rights cannot submit mail`);
  const drop = new DropDirectory(
    { files: system.files, directory: build.dropDirectory, clock: system.clock },
    {
      submit: async (dropped) => {
        const status = await run({
          ...dropped,
          stdin: Readable.from([dropped.message]),
          stdout: { write: () => {} },
          stderr: { write: (text) => log.main(`dropped message of uid ${dropped.uid}: ${text}`) },
          stream: Duplex.from(dropped.message),
          signal: new AbortController().signal,
        });
        return status !== TEMPORARY_FAILURE;
      },
      onProblem: (line) => log.panic(line),
    },
  );
  await drop.takeUp();
  const timer = setInterval(() => void drop.takeUp(), DROP_INTERVAL_MS);
  return {
    close: () => {
      clearInterval(timer);
      return server.close();
    },
  };
}

/** Root's: passes calls to children that are users. */
async function runAgentRole(argument: string, options: RoleOptions): Promise<number | undefined> {
  const args = decodeHelper(argument);
  const system = createSystem();
  const pool = new AgentPool({
    startChild: () => startAttached({ script: options.script, args: ['--eximius-role=agent-child', encodeChoice(args.choice)] }),
    policy: { exim: args.exim, neverUsers: new Set(args.neverUsers) },
    limit: args.childLimit,
    onProblem: (reason) => standardOutput(2).write(`${reason}\n`),
  });
  const listening = await listenLocal(args.socket, args.exim, system.native, (stream) => pool.serve(stream));
  if (listening.kind === 'error') return 1;
  parentChannel()?.onMessage((value) => {
    if (parseToWorker(value)?.kind !== 'reload') return;
    pool.retireAll();
    pool.prepare();
  });
  endWithParent(() => pool.close());
  pool.prepare(); // the first delivery is not to wait for it
  return undefined;
}

async function runSpawnerRole(argument: string): Promise<number | undefined> {
  const args = decodeHelper(argument);
  const system = createSystem();
  if (currentIds().effectiveUid === 0 && becomeIdentity(args.exim).kind === 'error') return 1;
  const ids = currentIds();
  const owner = { uid: ids.effectiveUid, gid: ids.realGid };
  const listening = await listenLocal(args.socket, owner, system.native, (stream) => void serveSpawner(stream, new DirectSpawner()));
  if (listening.kind === 'error') return 1;
  endWithParent(() => {});
  return undefined;
}

/** Workers need it until they have ended: it goes when the supervisor says so, or is gone. */
function endWithParent(close: () => void): void {
  const end = () => {
    close();
    process.exit(0);
  };
  const parent = parentChannel();
  parent?.onClose(end);
  parent?.onMessage((value) => {
    if (parseToWorker(value)?.kind === 'stop') end();
  });
  ignoreSignals();
}

/** Service managers and terminals send them to every process of the daemon; only the supervisor acts on them. */
function ignoreSignals(): void {
  onSignal('SIGTERM', () => {});
  onSignal('SIGINT', () => {});
  onSignal('SIGHUP', () => {});
}

async function runAgentChildRole(argument: string, options: RoleOptions): Promise<number> {
  const choice = decodeChoice(argument);
  ignoreSignals(); // it ends when its agent does
  const system = createSystem({ randomSeed: options.adaptations?.randomSeed });
  await runAgentChild({
    stream: attachedStream(),
    files: system.files,
    loadRuntime: async () => {
      const opened = await open(choice, system, options, { userActions: system.userActions, spawner: new DirectSpawner() });
      if (opened.kind === 'failed') return { kind: 'failed', reason: opened.problems[0]?.message ?? 'the configuration cannot be loaded' };
      return { kind: 'ok', runtime: { config: opened.runtime.config, services: opened.runtime.services } };
    },
  });
  return 0;
}
