/** `${run{command}{yes}{no}}`. Spec ch. 11 "Expansion items". */
import { type Octets, octetsFromBytes } from '../../base/octets.ts';
import { type CommandArgument, defineItem, type Expression } from '../../core/define/expansion.ts';
import { type Frame, withLocal } from '../../core/frame.ts';
import { chainOk, type MaybePromise } from '../../core/maybe-promise.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import type { SpawnResult } from '../../core/ports.ts';
import { isStrictTaint, isUsablePath } from '../../core/taint.ts';
import { isTainted, type Text, untainted } from '../../core/text.ts';
import { takeNotFound, withTexts } from '../branches.ts';
import { splitCommandText, staysInArguments, taintedShellText } from '../command-line.ts';

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 1 << 20;
/** What shells give for a command that cannot be run. */
const NOT_FOUND = 127;

export default defineItem({
  name: 'run',
  summary: 'The output of a command, which is run without a shell; its exit status is $runrc.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${run}', { kind: 'fail', message: "missing '{' for command arg of run" }],
    ['${run,foo{/bin/true}}', { kind: 'fail', message: "bad option 'foo' for run" }],
  ],
  arguments: [{ kind: 'options', names: ['preexpand'] }, { kind: 'command', label: 'command arg' }, { kind: 'branches' }],
  compile:
    ([, command, branches]) =>
    (frame) =>
      chainOk(argumentsOf(command, frame), async (argv) => {
        const ran = await run(argv, frame);
        if (ran.kind !== 'ok') return ran;
        const { status, output } = ran.value;
        frame.results.runrc = status;
        const inner = withLocal(frame, 'value', output);
        if (status !== 0) return takeNotFound(branches, inner);
        return branches.yes ? branches.yes.evaluate(inner) : ok(output);
      }),
});

function argumentsOf(command: CommandArgument, frame: Frame): MaybePromise<Outcome<readonly Text[]>> {
  if (command.kind === 'split')
    return withTexts(
      command.parts.map((part) => explained(part, command.source)),
      frame,
      (texts) => ok(texts),
    );
  return chainOk(command.text.evaluate(frame), (line) => {
    const isRefused = isTainted(line) && (isStrictTaint(frame.config) || !staysInArguments(line));
    return isRefused ? refuse(line.octets, frame) : ok(splitCommandText(line));
  });
}

function explained({ source, text }: { readonly source: Octets; readonly text: Expression }, command: Octets): Expression {
  return {
    constant: text.constant,
    evaluate: (frame) => {
      const explain = (outcome: Outcome<Text>): Outcome<Text> => {
        if (outcome.kind === 'ok' || outcome.message === undefined) return outcome;
        return {
          ...outcome,
          message: `Expansion of "${source}" from command "${command}" in \${run} expansion failed: ${outcome.message}`,
        };
      };
      const outcome = text.evaluate(frame);
      return outcome instanceof Promise ? outcome.then(explain) : explain(outcome);
    },
  };
}

function refuse(path: Octets, frame: Frame): Outcome<never> {
  frame.services.log.panic(`Attempt to exec tainted path: '${path}'`);
  return fail("couldn't create child process: Operation not permitted");
}

async function run(argv: readonly Text[], frame: Frame): Promise<Outcome<{ readonly status: number; readonly output: Text }>> {
  const [program] = argv;
  // Exim looks into no PATH
  if (program === undefined || !program.octets.includes('/')) return ok({ status: NOT_FOUND, output: untainted('') });
  if (!isUsablePath(program, frame.config) || (isTainted(program) && isStrictTaint(frame.config))) return refuse(program.octets, frame);
  const script = taintedShellText(argv);
  if (script !== undefined) return refuse(script.octets, frame);
  const request = {
    argv: argv.map(({ octets }) => octets),
    environment: frame.services.environment,
    directory: workingDirectory(frame),
    umask: 0o77,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_OUTPUT,
  };
  const spawned = await frame.services.spawner.run(request, new Uint8Array(0), frame.until);
  if (spawned.kind === 'error') return ok({ status: NOT_FOUND, output: untainted('') });
  const { result } = spawned;
  if (result.isTimeout) return fail('command timed out');
  return ok({ status: statusOf(result), output: untainted(octetsFromBytes(result.stdout)) });
}

function statusOf({ status, signal }: SpawnResult): number {
  return status ?? -(signal ?? 1);
}

/** As Exim's own: the spool directory. */
function workingDirectory({ config, services }: Frame): Octets {
  const { spoolDirectory } = config.startup;
  return services.files.access(spoolDirectory, 'execute').kind === 'ok' ? spoolDirectory : '/';
}
