/** Opens the configuration for a mode: problems as Exim prints them, the caller's rights, who acts for other users. */
import type { Octets } from '../base/octets.ts';
import { eximProblemText } from '../config/problems.ts';
import type { Caller, Config, Problem } from '../core/index.ts';
import { formatLogTime } from '../message/date.ts';
import type { LocalActors } from '../process/actors.ts';
import { openActors } from '../process/actors.ts';
import { openRuntime, type Runtime } from '../process/runtime.ts';
import { findCaller } from './caller.ts';
import type { ModeContext } from './mode.ts';

export type Opened =
  | { readonly kind: 'ok'; readonly runtime: Runtime; readonly caller: Caller; readonly actors: LocalActors }
  | { readonly kind: 'exit'; readonly status: number };

export interface OpenOptions {
  /** The mode may deliver or touch files as other users. */
  readonly actsForUsers?: boolean;
  /** Gives up root's effective ids once the configuration is read. */
  readonly staysRoot?: boolean;
}

export async function openForMode(context: ModeContext, options: OpenOptions = {}): Promise<Opened> {
  const { invocation, system, build, registry, io } = context;
  const actors = openActors({ system, script: context.script, harness: build.harness, isNeeded: options.actsForUsers ?? false });
  const opened = await openRuntime({
    system, registry, userActions: actors.userActions, spawner: actors.spawner,
    load: {
      paths: invocation.configFiles ?? build.configureFiles, macros: invocation.macros, build, files: system.files, accounts: system.accounts, machine: system.machine,
      mustBeTrusted: invocation.configFiles === undefined && context.callerIds.uid === 0,
    },
    debug: debugSink(context),
    writeStderr: (text) => io.stderr.write(text),
  });
  if (opened.kind === 'failed') {
    await reportProblems(context, opened.problems);
    actors.close();
    return { kind: 'exit', status: 1 };
  }
  const { runtime } = opened;
  actors.useConfig(runtime.config);
  return { kind: 'ok', runtime, caller: findCaller(context, runtime.config), actors };
}

/** Every error, each as Exim writes its one. */
async function reportProblems({ io, system }: ModeContext, problems: readonly Problem[]): Promise<void> {
  const stamp = formatLogTime(system.clock, undefined, system.clock.now());
  for (const problem of problems) {
    if (problem.severity !== 'error') continue;
    const suggestion = problem.suggestion === undefined ? '' : `\n  ${problem.suggestion}`;
    io.stderr.write(`${stamp} ${eximProblemText(problem)}${suggestion}\n`);
  }
}

/** `-d` and `-v` write to stderr. */
function debugSink({ invocation, io }: ModeContext): { selected(category: string): boolean; write(text: Octets): void } | undefined {
  if (invocation.debug === undefined) return undefined;
  return { selected: () => true, write: (text) => io.stderr.write(`${text}\n`) };
}

export type { Config };
