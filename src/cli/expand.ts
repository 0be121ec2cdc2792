/** `-be` and `-bem`: expands its arguments, or lines of standard input. Spec ch. 5 "-be". */
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, trimEnd, trimStart } from '../base/octets.ts';
import type { Frame } from '../core/index.ts';
import { untilAborted } from '../core/index.ts';
import { expandText } from '../expand/expander.ts';
import { testExpansion } from '../expand/expansion-test.ts';
import { formatLogTime } from '../message/date.ts';
import { commandLineFacts } from './command-line-facts.ts';
import { MacroLines } from './macro-lines.ts';
import type { ModeContext, ModeRunner } from './mode.ts';
import { type OpenedMode, openForMode } from './open.ts';
import { presetOrigin } from './origin.ts';
import { RehearsalStore } from './rehearsal-store.ts';
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
  const frame = await openFrame(context, opened, lifetime.signal);
  if (typeof frame === 'number') {
    opened.close();
    return frame;
  }
  const macros = new MacroLines(runtime.config.macros);
  if (context.invocation.words.length > 0) {
    for (const word of context.invocation.words) context.io.stdout.write(await answerTo(word, macros, frame, context));
  } else await expandLines(context, macros, frame);
  lifetime.abort();
  opened.close();
  return 0;
};

/** Of the caller's session, as `-oMa` and its relatives and `-f` have it; with `-bem` of a message in a file. A number is the exit status. */
async function openFrame(
  context: ModeContext,
  { runtime, caller }: Pick<OpenedMode, 'runtime' | 'caller'>,
  signal: AbortSignal,
): Promise<Frame | number> {
  const { invocation, io, system } = context;
  if (invocation.loadedMessage !== undefined) return loadedFrame(invocation.loadedMessage, context, { runtime, caller }, signal);
  const path = invocation.mode?.kind === 'expand' ? invocation.mode.messageFile : undefined;
  const file = path === undefined ? undefined : system.files.readFile(path);
  if (file?.kind === 'error') {
    io.stderr.write(`exim: failed to open ${path}: ${file.reason}\n`);
    return 1;
  }
  const { rehearseSubmission } = await import('../receive/submission.ts');
  return rehearseSubmission(
    {
      config: runtime.config,
      services: runtime.services,
      store: new RehearsalStore(() => runtime.spool.newId()),
      caller,
      input: contentOf(file?.value ?? Buffer.alloc(0)),
      writeError: (text) => io.stderr.write(text),
      signal,
      sender: invocation.sender,
      recipients: [],
      takesRecipientsFromHeaders: invocation.takesRecipientsFromHeaders,
      isDotNotEnd: invocation.isDotNotEnd,
      errors: 'print',
      presetOrigin: presetOrigin(invocation.origin),
      commandLine: commandLineFacts(invocation),
      onAccepted: () => {},
      deliveryMode: 'queue',
    },
    file !== undefined,
  );
}

/** Of a message of the queue (`-Mset`). */
function loadedFrame(
  id: Octets,
  { io }: ModeContext,
  { runtime, caller }: Pick<OpenedMode, 'runtime' | 'caller'>,
  signal: AbortSignal,
): Frame | number {
  if (!caller.isAdmin) {
    io.stderr.write('exim: permission denied\n');
    return 1;
  }
  const claiming = runtime.spool.claim(id);
  const loading = claiming.kind === 'ok' ? runtime.spool.load(claiming.claim) : claiming;
  if (claiming.kind === 'ok') claiming.claim.release();
  const frame = runtime.frame(untilAborted(signal));
  if (loading.kind === 'ok') return { ...frame, message: loading.message, aclPhase: 'not_smtp' }; // where $recipients may be read
  io.stdout.write(`Failed to load message datafile ${id}\nFailed to load message ${id}\n`);
  return frame;
}

async function* contentOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

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
  if (answer.kind === 'expand') {
    const setting = /^set (acl_[cm][0-9_][0-9A-Za-z_]*)[ \t]*=[ \t]*(.*)$/s.exec(answer.text);
    return setting ? setVariable(setting[1] ?? '', setting[2] ?? '', frame) : `${await testExpansion(answer.text, frame)}\n`;
  }
  if (answer.kind === 'defined') return `Defined macro '${answer.name}'\n`;
  const where = answer.isUnreadable ? endOfConfiguration(frame, system) : '';
  const stamp = formatLogTime(system.clock, undefined, system.clock.now());
  io.stderr.write(`${stamp} Exim configuration error${where}:\n  ${answer.message}\n`);
  return '';
}

/** ` in line 7 of /etc/exim.conf`. */
function endOfConfiguration({ config }: Frame, { files }: ModeContext['system']): Octets {
  const path = config.files[0]?.path;
  const content = path === undefined ? undefined : files.readFile(path);
  if (content?.kind !== 'ok') return '';
  const lines = octetsFromBytes(content.value).split('\n');
  return ` in line ${lines.at(-1) === '' ? lines.length - 1 : lines.length} of ${path}`;
}

/** `set acl_m_x = …`; nothing is printed unless the value cannot be expanded. */
async function setVariable(name: string, text: Octets, frame: Frame): Promise<Octets> {
  const value = await expandText(text, frame);
  if (value.kind !== 'ok') return `Failed: ${value.message ?? ''}\n`;
  const variables = name.startsWith('acl_c') ? frame.session?.state.origin.aclC : frame.transaction?.state.aclM;
  variables?.set(name, value.value);
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
