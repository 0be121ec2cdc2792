/** Opens the configuration for a mode: problems as Exim prints them, the caller's rights, who acts for other users. */
import { type Octets, unicodeFromOctets } from '../base/octets.ts';
import { eximProblemText } from '../config/problems.ts';
import { type Caller, type Log, type MacroDefinition, type Problem, untilAborted } from '../core/index.ts';
import type { DebugSink } from '../logging/log.ts';
import { formatLogTime } from '../message/date.ts';
import { openActors } from '../process/actors.ts';
import type { ConfigFiles } from '../process/config-snapshot.ts';
import { agentPolicy } from '../process/policy.ts';
import { openRuntime, type Runtime } from '../process/runtime.ts';
import { makeLogDirectoryOf, makeSpoolDirectory } from '../process/spool-directory.ts';
import { actAsExim, asRoot } from '../system/own-ids.ts';
import { startOwnProcess } from '../system/processes.ts';
import { absolutePath, workIn } from '../system/working-directory.ts';
import { findCaller } from './caller.ts';
import { configChoice } from './config-choice.ts';
import type { Deliveries } from './deliveries.ts';
import type { Invocation, Mode } from './invocation.ts';
import type { ModeContext } from './mode.ts';
import { originProblem } from './origin.ts';
import { callersLog } from './shown-log.ts';

export interface OpenedMode {
  readonly kind: 'ok';
  readonly runtime: Runtime;
  readonly caller: Caller;
  /** At the mode's end. */
  readonly close: () => void;
}

/** Of a mode that delivers. */
export interface OpenedDeliveryMode extends OpenedMode {
  readonly deliveries: Deliveries;
}

/** Why a mode cannot run was told. */
export interface Exit {
  readonly kind: 'exit';
  readonly status: number;
}

export interface OpenOptions {
  /** The mode delivers: other users' files are written by children that have become them. Root's effective ids are given up for Exim's. */
  readonly delivers?: boolean;
  /** For `-bP config`. */
  readonly keepsLines?: boolean;
  /** The daemon keeps what it read. */
  readonly files?: ConfigFiles;
  /** `-be` with `-d` shows the macros that the configuration uses. */
  readonly onMacro?: ((macro: MacroDefinition) => void) | undefined;
  /** `-bh` shows what it would log. */
  readonly replaceLog?: (log: Log) => Log;
}

/** What `commandline_checks_require_admin` is about. */
const CHECKS: ReadonlySet<Mode['kind'] | undefined> = new Set([
  'expand',
  'address-test',
  'verify',
  'host-test',
  'rewrite-test',
  'retry-test',
  'filter-test',
]);

export function openForMode(context: ModeContext, options: OpenOptions & { readonly delivers: true }): Promise<OpenedDeliveryMode | Exit>;
export function openForMode(context: ModeContext, options?: OpenOptions): Promise<OpenedMode | Exit>;
export async function openForMode(context: ModeContext, options: OpenOptions = {}): Promise<OpenedMode | OpenedDeliveryMode | Exit> {
  const { daemon } = context;
  if (daemon) {
    const caller = await findCaller(context, daemon.runtime);
    const refusal = refusalOf(context.invocation, caller, daemon.runtime);
    if (refusal !== undefined) {
      context.io.stderr.write(`${refusal}\n`);
      return { kind: 'exit', status: 1 };
    }
    const given = daemon.runtime;
    const runtime = options.replaceLog
      ? given.withLog(options.replaceLog(given.services.log))
      : withCallersLog(context, inChosenQueue(given, context));
    return { kind: 'ok', runtime, caller, deliveries: daemon.deliveries(runtime), close: () => {} };
  }
  const { invocation, system, build, registry, io } = context;
  const { paths, macros, mustBeTrusted } = configChoice(invocation, build, context.callerIds.uid);
  const choice = { paths, macros };
  // other processes of the program read the same files, wherever they work
  const everywhere = paths.map(absolutePath);
  const actors = await openActors({
    system,
    script: context.script,
    choice: { paths: everywhere, macros },
    isRoot: system.machine.effectiveUid() === 0,
    delivers: options.delivers ?? false,
  });
  const opened = await openRuntime({
    system,
    registry,
    userActions: actors.userActions,
    spawner: actors.spawner,
    script: context.script,
    load: {
      ...choice,
      build,
      files: options.files ?? system.files,
      accounts: system.accounts,
      machine: system.machine,
      keepsLines: options.keepsLines ?? false,
      ...(options.onMacro ? { onMacro: options.onMacro } : {}),
      mustBeTrusted,
    },
    keepsNoLog: invocation.mode?.kind === 'host-test',
    replaceLog: options.replaceLog,
    logTag: invocation.logTag,
    debug: debugSink(context),
    writeStderr: (text) => io.stderr.write(text),
  });
  if (opened.kind === 'failed') {
    await reportProblems(context, opened.problems);
    actors.close();
    return { kind: 'exit', status: 1 };
  }
  const isDaemon = options.files !== undefined;
  const runtime = isDaemon || options.replaceLog ? opened.runtime : withCallersLog(context, inChosenQueue(opened.runtime, context));
  const { startup, main } = runtime.config;
  if (!isDaemon) workIn(startup.spoolDirectory); // a daemon's workers do; the supervisor reads the files again where it was started
  actors.usePolicy(agentPolicy(build, startup, main));
  const caller = await findCaller(context, runtime);
  const refusal = refusalOf(invocation, caller, runtime);
  if (refusal !== undefined) {
    io.stderr.write(`${refusal}\n`);
    actors.close();
    runtime.close();
    return { kind: 'exit', status: 1 };
  }
  if (!isDaemon && (invocation.perlAtStart ?? main.perl_at_start)) {
    const started = await runtime.services.perl.start(runtime.frame(untilAborted(new AbortController().signal)));
    if (started.kind === 'fail' || started.kind === 'defer') {
      io.stderr.write(`exim: ${started.message.replace(/\n$/, '')}\n`);
      actors.close();
      runtime.close();
      return { kind: 'exit', status: 1 };
    }
  }
  if (isDaemon || options.delivers) warnOfPurge(runtime);
  if (options.delivers) {
    const isRoot = system.machine.effectiveUid() === 0;
    makeSpoolDirectory(system.files, startup, isRoot);
    makeLogDirectoryOf(system.files, runtime.config, isRoot);
    actAsExim({ name: build.eximUser.uid === startup.eximUid ? build.eximUser.name : '', uid: startup.eximUid }, startup.eximGid);
  }
  const mode: OpenedMode = {
    kind: 'ok',
    runtime,
    caller,
    close: () => {
      actors.close();
      runtime.close();
    },
  };
  return options.delivers ? { ...mode, deliveries: await foregroundDeliveries(withFiles(context, everywhere), runtime) } : mode;
}

function withFiles(context: ModeContext, paths: readonly Octets[]): ModeContext {
  const { invocation } = context;
  return invocation.configFiles === undefined ? context : { ...context, invocation: { ...invocation, configFiles: paths } };
}

/** `-qG<name>`. */
function inChosenQueue(runtime: Runtime, { invocation }: ModeContext): Runtime {
  return runtime.inQueue(invocation.queue?.queueName ?? '');
}

/** What the caller may not ask for, in Exim's words. */
function refusalOf(invocation: Invocation, caller: Caller, { config }: Runtime): Octets | undefined {
  const { mode, debug, isGatewayed, listen, logTag, origin } = invocation;
  const { eximUid } = config.startup;
  const isOwner = caller.uid === 0 || caller.uid === eximUid || config.build.adaptations?.keepsPrivilege === true;
  if ((listen.pidFile !== undefined || mode?.kind === 'remove-pid-file') && !isOwner)
    return `exim: only uid=0 or uid=${eximUid} can use -oP and -oPX (uid=${caller.uid} euid=${caller.uid} | ${caller.uid})`;
  if (debug !== undefined && !caller.isAdmin && !isOwner) return 'exim: debugging permission denied';
  if (logTag !== undefined && !caller.isAdmin) return 'exim: you lack sufficient privilege to specify syslog process name';
  if (isGatewayed && !caller.isTrusted) return 'exim: permission denied (-G requires a trusted user)';
  if (config.main.commandline_checks_require_admin && !caller.isAdmin && CHECKS.has(mode?.kind))
    return 'exim: those command-line flags are set to require admin';
  return caller.isTrusted ? originProblem(origin) : undefined;
}

function withCallersLog({ io, invocation, system: { clock } }: ModeContext, runtime: Runtime): Runtime {
  const stamp = () => formatLogTime(clock, runtime.config.main.timezone, clock.now());
  return runtime.withLog(callersLog(runtime.services.log, io.stderr, invocation.isVerbose, stamp));
}

async function foregroundDeliveries(context: ModeContext, runtime: Runtime): Promise<Deliveries> {
  const { Foreground } = await import('./deliveries.ts');
  const inBackground = (ids: readonly string[], queueName: Octets) => deliverElsewhere(context, runtime, ids, queueName);
  return new Foreground(runtime, {
    ...(context.build.adaptations?.deliversInForeground ? {} : { inBackground }),
    ...(context.invocation.isVerbose ? { onDelivery: (id) => context.io.stderr.write(`delivering ${id}\n`) } : {}),
  });
}

/** Spec ch. 14 "keep_environment": told as long as the option is not set. */
function warnOfPurge({ config, services }: Runtime): void {
  const { keep_environment: kept, add_environment: added } = config.main;
  if (kept !== undefined || added !== undefined || services.machine.environment().size === 0) return;
  services.log.main('Warning: purging the environment.\n Suggested action: use keep_environment.');
}

/** Every error, each as Exim writes its one. */
async function reportProblems({ io, system, invocation }: ModeContext, problems: readonly Problem[]): Promise<void> {
  const stamp = formatLogTime(system.clock, undefined, system.clock.now());
  for (const problem of problems) {
    if (problem.severity !== 'error') continue;
    const suggestion = problem.suggestion === undefined ? '' : `\n  ${problem.suggestion}`;
    const text = eximProblemText(problem);
    if (showsLogs(invocation)) {
      const log = problem.isPlain ? 'LOG: MAIN PANIC DIE' : 'LOG: PANIC DIE';
      io.stderr.write(`${log}\n  ${text}${suggestion}\n`);
    } else io.stderr.write(`${invocation.mode?.kind === 'host-test' ? 'LOG:' : stamp} ${text}${suggestion}\n`);
  }
}

/** `-v`, `-d`, and `-bP` but for `-bP config`: errors are told as debugging shows log lines. */
function showsLogs({ mode, words, isVerbose, debug }: Invocation): boolean {
  return isVerbose || debug !== undefined || (mode?.kind === 'print-options' && words[0] !== 'config');
}

/** Steps that no category can switch off alone. */
const IN_EVERY_CATEGORY: ReadonlySet<string> = new Set(['any', 'debug_print']);

/** `-d` writes to stderr. */
function debugSink({ invocation: { debug }, io }: ModeContext): DebugSink | undefined {
  if (debug === undefined) return undefined;
  return {
    selected: (category) => debug.has(category) || IN_EVERY_CATEGORY.has(category),
    write: (text) => io.stderr.write(`${text}\n`),
  };
}

/** `-odb`. */
function deliverElsewhere(context: ModeContext, runtime: Runtime, ids: readonly string[], queueName: Octets): Promise<void> {
  return runElsewhere(context, runtime, [...(queueName === '' ? [] : [`-qG${queueName}`]), '-Mc', ...ids]);
}

/** By the daemon, else by a process of its own that outlives this one. */
export async function runElsewhere(context: ModeContext, runtime: Runtime, args: readonly string[]): Promise<void> {
  const { handToDaemon } = await import('./submission.ts');
  if ((await handToDaemon(context, runtime.config.startup.spoolDirectory, args)) !== undefined) return;
  const { invocation, script } = context;
  const choice = [
    ...(invocation.configFiles ? ['-C', invocation.configFiles.join(':')] : []),
    ...invocation.macros.map(([name, text]) => `-D${name}=${text}`),
  ];
  asRoot(() =>
    startOwnProcess({
      script,
      args: [...choice, ...args].map((arg) => unicodeFromOctets(arg) ?? arg),
      descriptors: [],
      isDetached: true,
      hasChannel: false,
      keepsStderr: false,
    }).detach(),
  );
}
