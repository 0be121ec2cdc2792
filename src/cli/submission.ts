/** Command lines of users without rights: which modes go to the daemon, and how the daemon runs them. DESIGN 3.11. */
import type { Octets } from '../base/octets.ts';
import type { BuildSettings, Registry } from '../core/index.ts';
import { CONTROL_SOCKET } from '../process/spool-directory.ts';
import { submitToDaemon } from '../process/submit/client.ts';
import { dropMessage } from '../process/submit/drop.ts';
import { type Submission, TEMPORARY_FAILURE } from '../process/submit/server.ts';
import type { Worker } from '../process/worker.ts';
import { argumentOctets } from '../system/arguments.ts';
import type { SystemPorts } from '../system/create-system.ts';
import { parseArguments } from './arguments.ts';
import { configChoice } from './config-choice.ts';
import { DaemonDeliveries } from './deliveries.ts';
import type { ModeContext } from './mode.ts';
import { chosenMode, runMode, SPOOL_MODES } from './modes.ts';

/** For modes that the daemon runs: the exit status when it (or the drop directory) took the command line. */
export async function submit(context: ModeContext): Promise<number> {
  const { invocation, system, build, io } = context;
  const args = argumentOctets(context.argv.filter((arg) => !arg.startsWith('--called-as=')));
  const status = await submitToDaemon(build.submitSocket, {
    calledAs: invocation.calledAs,
    args,
    stdin: io.stdin,
    stdout: io.stdout,
    stderr: io.stderr,
  });
  if (status !== undefined) return status;
  if (chosenMode(invocation).kind !== 'receive') {
    io.stderr.write('exim: no daemon is running: try again later\n');
    return TEMPORARY_FAILURE;
  }
  const dropped = await dropMessage(
    { files: system.files, directory: build.dropDirectory },
    system,
    { calledAs: invocation.calledAs, args },
    io.stdin,
  );
  if (dropped.kind === 'ok') return 0;
  io.stderr.write(`exim: no daemon is running and the message cannot be kept in ${build.dropDirectory}: ${dropped.reason}\n`);
  return TEMPORARY_FAILURE;
}

/** Has the running daemon of this spool do it (`-q`, `-M`, deliveries of `-odb`); undefined when none runs. */
export function handToDaemon(context: ModeContext, spoolDirectory: Octets, args: readonly Octets[]): Promise<number | undefined> {
  const { io, build, daemon } = context;
  if (daemon || build.adaptations?.deliversInForeground) return Promise.resolve(undefined);
  return submitToDaemon(`${spoolDirectory}/${CONTROL_SOCKET}`, {
    calledAs: 'exim',
    args,
    stdin: NO_INPUT,
    stdout: io.stdout,
    stderr: io.stderr,
  });
}

const NO_INPUT: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) };

/** The arguments, as octets, without the choice of a configuration: the daemon has its own. */
export function withoutConfigChoice(argv: readonly string[]): readonly Octets[] {
  const args = argumentOctets(argv);
  const kept: Octets[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '-C' || arg === '-D') i++;
    else if (!arg.startsWith('-C') && !arg.startsWith('-D') && !arg.startsWith('--called-as=')) kept.push(arg);
  }
  return kept;
}

export interface DaemonParts {
  readonly worker: Worker;
  readonly system: SystemPorts;
  readonly build: BuildSettings;
  readonly registry: Registry;
  readonly script: string;
}

/** Runs a user's command line in the daemon, by the rules for that user. */
export async function runSubmission({ worker, system, build, registry, script }: DaemonParts, submission: Submission): Promise<number> {
  const parsed = parseArguments(submission.calledAs, submission.args);
  if (parsed.kind === 'error') {
    submission.stderr.write(`${parsed.message}\n`);
    return parsed.status;
  }
  if (!SPOOL_MODES.has(chosenMode(parsed.invocation).kind) || configChoice(parsed.invocation, build, submission.uid).isOwn) {
    submission.stderr.write('exim: this is not for the daemon\n');
    return 1;
  }
  const context: ModeContext = {
    invocation: parsed.invocation,
    system,
    build,
    registry,
    script,
    argv: [],
    io: {
      stdin: submission.stdin,
      stdout: submission.stdout,
      stderr: submission.stderr,
      isTerminal: false,
      connection: () => system.net.ofStream(submission.stream),
    },
    callerIds: { uid: submission.uid, gid: submission.gid, groups: groupsOf(system, submission.uid, submission.gid) },
    daemon: {
      runtime: worker.runtime,
      deliveries: ({ spool }) =>
        new DaemonDeliveries(
          () => worker.deliverParts(spool.queueName),
          (accepted, wish) => worker.accepted(accepted, wish),
        ),
    },
  };
  return runMode(context);
}

function groupsOf({ accounts }: SystemPorts, uid: number, gid: number): readonly number[] {
  const user = accounts.userById(uid);
  const groups = user.kind === 'ok' && user.value ? accounts.groupsOf(user.value.name, gid) : undefined;
  return groups?.kind === 'ok' ? groups.value : [gid];
}
