/** Which mode an invocation runs, in a process of its own. */
import { builtin } from '../builtin.ts';
import { createSystem } from '../system/create-system.ts';
import { currentGroups, currentIds, dropToRealUser } from '../system/own-ids.ts';
import { isInputTerminal, standardInput, standardOutput } from '../system/standard-streams.ts';
import { readBuildSettings } from './build.ts';
import { configChoice } from './config-choice.ts';
import type { Invocation, Mode } from './invocation.ts';
import type { RunOptions } from './main.ts';
import type { ModeContext, ModeRunner } from './mode.ts';

/** The file of each mode; loaded when it is chosen. */
const RUNNERS: Readonly<Record<Mode['kind'], () => Promise<ModeRunner>>> = {
  receive: async () => (await import('./receive.ts')).runReceive,
  smtp: async () => (await import('./smtp.ts')).runSmtp,
  'batch-smtp': async () => (await import('./smtp.ts')).runSmtp,
  daemon: async () => (await import('./daemon.ts')).runDaemon,
  'inetd-wait': async () => (await import('./daemon.ts')).runDaemon,
  'queue-run': async () => (await import('./queue-run.ts')).runQueueRun,
  'host-test': async () => (await import('./host-test.ts')).runHostTest,
  'address-test': async () => (await import('./address-test.ts')).runAddressTest,
  verify: async () => (await import('./address-test.ts')).runAddressTest,
  expand: async () => (await import('./expand.ts')).runExpand,
  'list-queue': async () => (await import('./list-queue.ts')).runListQueue,
  'print-options': async () => (await import('./print-options.ts')).runPrintOptions,
  version: async () => (await import('./version.ts')).runVersion,
  help: async () => (await import('./version.ts')).runHelp,
  'message-action': async () => (await import('./message-action.ts')).runMessageAction,
  'filter-test': async () => notYet(),
  'retry-test': async () => (await import('./retry-test.ts')).runRetryTest,
  'rewrite-test': async () => (await import('./rewrite-test.ts')).runRewriteTest,
  newaliases: async () => (await import('./newaliases.ts')).runNewaliases,
  information: async () => (await import('./information.ts')).runInformation,
  'log-line': async () => (await import('./log-line.ts')).runLogLine,
  atrn: async () => (await import('./atrn.ts')).runAtrn,
  'remove-pid-file': async () => (await import('./remove-pid-file.ts')).runRemovePidFile,
  malware: async () => (await import('./malware.ts')).runMalware,
  'not-yet': async () => notYet(),
};

function notYet(): ModeRunner {
  return async ({ invocation: { mode }, io }) => {
    const filterTest = mode?.kind === 'filter-test' && mode.isSystem ? '-bF' : '-bf';
    io.stderr.write(`exim: option ${mode?.kind === 'not-yet' ? mode.option : filterTest} is not built yet\n`);
    return 1;
  };
}

/** What an invocation without a mode option is: a queue run, a message, or a plea for help. */
export function chosenMode(invocation: Invocation): Mode {
  const hasRecipients = invocation.words.length > 0 || invocation.takesRecipientsFromHeaders;
  if (invocation.mode) return invocation.mode.kind === 'receive' && !hasRecipients ? { kind: 'help' } : invocation.mode;
  if (invocation.queue)
    return invocation.queue.intervalSeconds === undefined ? { kind: 'queue-run' } : { kind: 'daemon', isForeground: false };
  if (hasRecipients) return { kind: 'receive' };
  return { kind: 'help' };
}

export async function runMode(context: ModeContext): Promise<number> {
  const runner = await RUNNERS[chosenMode(context.invocation).kind]();
  return runner(context);
}

/** Modes that need the spool, which only Exim's user and root may touch. */
export const SPOOL_MODES: ReadonlySet<Mode['kind']> = new Set([
  'receive',
  'smtp',
  'batch-smtp',
  'list-queue',
  'message-action',
  'queue-run',
]);

/** The caller may not touch the spool. With a configuration of its own it works on the spool that this names, with its own rights. */
function isForDaemon({ invocation, system, build, callerIds }: ModeContext): boolean {
  const isOwner = callerIds.uid === 0 || callerIds.uid === build.eximUser.uid || system.machine.effectiveUid() === 0;
  return !isOwner && SPOOL_MODES.has(chosenMode(invocation).kind) && !configChoice(invocation, build, callerIds.uid).isOwn;
}

/** What an unprivileged user may want to look at with files: never with more rights than the caller's, wherever the program got them from. */
const CALLERS_RIGHTS: ReadonlySet<Mode['kind']> = new Set(['expand', 'filter-test']);

/** `undefined`: the process is a daemon now. */
export async function runInvocation(
  invocation: Invocation,
  options: RunOptions & { readonly script: string; readonly argv: readonly string[] },
): Promise<number | undefined> {
  const ids = currentIds();
  const keepsPrivilege = options.adaptations?.keepsPrivilege && !CALLERS_RIGHTS.has(chosenMode(invocation).kind);
  if (ids.realUid !== ids.effectiveUid && !keepsPrivilege) dropToRealUser();
  const system = createSystem({ randomSeed: options.adaptations?.randomSeed });
  const context: ModeContext = {
    invocation,
    io: {
      stdin: standardInput(),
      stdout: standardOutput(1),
      stderr: standardOutput(2),
      isTerminal: isInputTerminal(),
      connection: () => system.net.ofStandardStreams(),
    },
    system,
    build: await readBuildSettings(system, options.adaptations),
    registry: builtin,
    callerIds: { uid: ids.realUid, gid: ids.realGid, groups: currentGroups() },
    script: options.script,
    argv: options.argv,
  };
  const status = isForDaemon(context) ? await (await import('./submission.ts')).submit(context) : await runMode(context);
  return status < 0 ? undefined : status;
}
