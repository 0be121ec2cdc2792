/** `exim_fixdb [-z] <spool> <database>`: shows single records of a hints database, and changes or deletes them. Spec ch. 54 "exim_fixdb". */
import { type Octets, octetsFromBytes, octetsFromUnicode, trimSpace } from '../base/octets.ts';
import type { Clock, Files, Hints } from '../core/ports.ts';
import { SystemClock } from '../system/clock.ts';
import type { ToolIo } from './exim_dbmbuild.ts';
import { formatTime, isHintsDatabase, openSpoolHints } from './exim_dumpdb.ts';
import { type EditContext, editorOf } from './hints-editors.ts';

export interface FixParts {
  readonly open: (spoolDirectory: Octets) => Hints | undefined;
  readonly clock: Clock;
  /** What is typed. */
  readonly lines: AsyncIterable<Octets>;
  readonly write: (text: Octets) => void;
  readonly writeError: (text: Octets) => void;
}

/** As the program. */
export async function runEximFixdbTool(args: readonly Octets[], io: ToolIo, files: Files): Promise<number> {
  return runEximFixdb(args, {
    open: openSpoolHints(io, files),
    clock: new SystemClock(),
    lines: linesOf(io.stdin),
    write: (text) => io.stdout.write(text),
    writeError: (text) => io.stdout.write(text),
  });
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncIterable<Octets> {
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + octetsFromBytes(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

const USAGE =
  'Usage: exim_fixdb [-z]  <spool-directory> <database-name>\n  <database-name> = retry | misc | wait-<transport-name> | callout | ratelimit | tls | seen\n';

/** The exit status. */
export async function runEximFixdb(args: readonly Octets[], parts: FixParts): Promise<number> {
  const isUtc = args[0] === '-z';
  const [spoolDirectory, database, ...excess] = isUtc ? args.slice(1) : args;
  if (spoolDirectory === undefined || database === undefined || excess.length > 0 || !isHintsDatabase(database)) {
    parts.writeError(octetsFromUnicode(USAGE));
    return 1;
  }
  const hints = parts.open(spoolDirectory);
  if (hints === undefined) return 1;
  parts.write(`Modifying Exim hints database ${spoolDirectory}/db/${database}\n`);
  await new FixDialogue(database, hints, isUtc, parts).run();
  hints.close();
  return 0;
}

/** What a line asks for. `field`: of the record that was shown last, or of the one that is named before it. */
type Wish =
  | { readonly kind: 'quit' }
  | { readonly kind: 'show' | 'delete'; readonly key: Octets | undefined }
  | { readonly kind: 'set'; readonly key: Octets | undefined; readonly field: number; readonly text: Octets }
  | { readonly kind: 'wrong'; readonly message: Octets };

function parseWish(line: Octets): Wish {
  if (line === 'd') return { kind: 'delete', key: undefined };
  const isField = /^[0-9](?:[ \t]|$)/.test(line);
  const [key = '', field, text = ''] = isField ? ['', ...words(line)] : words(line);
  const named = isField ? undefined : key;
  if (field === undefined) return key === 'q' ? { kind: 'quit' } : { kind: 'show', key };
  if (field === 'd') return { kind: 'delete', key: named };
  if (!/^[0-9]+$/.test(field)) return { kind: 'wrong', message: 'field number or d expected' };
  if (text === '') return { kind: 'wrong', message: 'value missing' };
  return { kind: 'set', key: named, field: Number.parseInt(field, 10), text };
}

/** The first two words, and what follows them. */
function words(line: Octets): Octets[] {
  const [, first = '', second, rest = ''] = /^([^ \t]*)(?:[ \t]+([^ \t]+)[ \t]*(.*))?$/s.exec(trimSpace(line)) ?? [];
  return second === undefined ? [first] : [first, second, rest];
}

class FixDialogue {
  readonly #database: Octets;
  readonly #hints: Hints;
  readonly #parts: FixParts;
  readonly #context: EditContext;
  /** Of the record that was asked for last and exists. */
  #key: Octets | undefined;

  constructor(database: Octets, hints: Hints, isUtc: boolean, parts: FixParts) {
    this.#database = database;
    this.#hints = hints;
    this.#parts = parts;
    const zone = isUtc ? 'UTC' : '';
    this.#context = { clock: parts.clock, formatTime: (seconds) => formatTime(seconds, zone, parts.clock) };
  }

  /** Until `q` or the end of the input. */
  async run(): Promise<void> {
    this.#say('> ');
    for await (const line of this.#parts.lines) {
      const wish = parseWish(line);
      if (wish.kind === 'quit') return;
      this.#obey(wish);
      this.#say('> ');
    }
    this.#say('\n');
  }

  #obey(wish: Exclude<Wish, { kind: 'quit' }>): void {
    if (wish.kind === 'wrong') return this.#say(`${wish.message}\n`);
    const key = wish.key ?? this.#key;
    if (key === undefined) return this.#say('No previous record name is set\n');
    this.#key = key;
    switch (wish.kind) {
      case 'show':
        return this.#show(key);
      case 'delete':
        return this.#delete(key);
      case 'set':
        return this.#set(key, wish.field, wish.text);
    }
  }

  #delete(key: Octets): void {
    const isThere = this.#hints.get(this.#database, key) !== undefined;
    this.#hints.delete(this.#database, key);
    this.#say(isThere ? 'deleted\n' : 'not found\n');
  }

  #set(key: Octets, field: number, text: Octets): void {
    const value = this.#hints.get(this.#database, key);
    if (value === undefined) this.#say('not found\n');
    else {
      const edit = editorOf(this.#database)?.edit(value, field, text, this.#context);
      if (edit === undefined) return this.#say('unknown field number\n');
      if (edit.value !== undefined) this.#hints.put(this.#database, key, edit.value);
      if (edit.note !== undefined) this.#say(`${edit.note}\n`);
    }
    this.#show(key);
  }

  #show(key: Octets): void {
    const value = this.#hints.get(this.#database, key);
    if (value !== undefined) return this.#say(editorOf(this.#database)?.show(value, this.#context) ?? `${value}\n`);
    this.#say(`record ${key} not found\n`);
    this.#key = undefined;
  }

  #say(text: Octets): void {
    this.#parts.write(text);
  }
}
