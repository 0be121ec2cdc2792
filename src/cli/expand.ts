/** `-be` and `-bem`: expands its arguments, or lines of standard input. Spec ch. 5 "-be". */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, trimEnd, trimStart } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import { untilAborted } from '../core/index.ts';
import { testExpansion } from '../expand/expansion-test.ts';
import { formatLogTime } from '../message/date.ts';
import { MacroLines } from './macro-lines.ts';
import type { ModeContext, ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { stderrLog } from './shown-log.ts';

export const runExpand: ModeRunner = async (context) => {
  const { io, system, invocation } = context;
  const opened = await openForMode(context, {
    replaceLog: (log) => stderrLog(log, io.stderr, system.clock),
    onMacro: invocation.debug === undefined ? undefined : ({ name, text }) => io.stdout.write(`macro '${name}' -> '${text}'\n`),
  });
  if (opened.kind === 'exit') return opened.status;
  const { runtime } = opened;
  const lifetime = new AbortController();
  const frame: Frame = runtime.frame(untilAborted(lifetime.signal));
  const macros = new MacroLines(runtime.config.macros);
  if (context.invocation.words.length > 0) {
    for (const word of context.invocation.words) context.io.stdout.write(await answerTo(word, macros, frame, context));
  } else await expandLines(context, macros, frame);
  lifetime.abort();
  opened.close();
  return 0;
};

/**
 * A prompt on a terminal and elsewhere, as Exim prints it; a backslash at the end of a line continues it. White space at the end of each
 * line goes, and at the start of a continuation.
 */
async function expandLines(context: ModeContext, macros: MacroLines, frame: Frame): Promise<void> {
  const { io } = context;
  let pending = '';
  io.stdout.write('> ');
  for await (const line of lines(io.stdin)) {
    const text = trimEnd(pending === '' ? line : trimStart(line));
    if (text.endsWith('\\')) {
      pending += text.slice(0, -1);
      continue;
    }
    const source = pending + text;
    pending = '';
    io.stdout.write(`${source === '' ? '\n' : await answerTo(source, macros, frame, context)}> `);
  }
  io.stdout.write('\n');
}

/** What is printed for a line, with its line end; what is wrong with a macro goes to stderr only. */
async function answerTo(line: Octets, macros: MacroLines, frame: Frame, { io, system }: ModeContext): Promise<Octets> {
  const answer = macros.read(line);
  if (answer.kind === 'expand') return `${await testExpansion(answer.text, frame)}\n`;
  if (answer.kind === 'defined') return `Defined macro '${answer.name}'\n`;
  io.stderr.write(`${formatLogTime(system.clock, undefined, system.clock.now())} Exim configuration error:\n  ${answer.message}\n`);
  return '';
}

async function* lines(input: AsyncIterable<Uint8Array>): AsyncGenerator<Octets> {
  let rest = '';
  for await (const chunk of input) {
    rest += octetsFromBytes(chunk);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
  }
  if (rest !== '') yield rest;
}
