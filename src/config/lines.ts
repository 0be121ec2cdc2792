/**
 * From files to logical lines: inclusion, macro substitution, conditional parts, comments and continuation all happen here, on physical
 * lines, before any meaning is given to them. Spec ch. 6 "Configuration file format", "File inclusions", "Conditional skips".
 */
import type { Octets } from '../base/octets.ts';
import { isSpaceCode, octetsFromBytes, skipSpace, trimEnd, trimSpace } from '../base/octets.ts';
import type { Files } from '../core/ports.ts';
import type { SourceLocation } from '../core/source.ts';
import { definedNameEnd, type MacroTable } from './macros.ts';
import type { Problems } from './problems.ts';

export const MAX_LINE_OCTETS = 1 << 20;
const MAX_FILE_OCTETS = 16 << 20;
const MAX_INCLUDE_DEPTH = 100;
const MAX_FILES = 1000;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

export interface LogicalLine {
  /** Without leading and trailing white space, never empty. */
  readonly text: Octets;
  /** Of its first octet. */
  readonly at: SourceLocation;
  /** Where the octet at this offset stands in the file; behind a substituted macro only about. */
  locate(offset: number): SourceLocation;
}

export interface ReadFile {
  readonly path: Octets;
  readonly mtimeMs: number;
  readonly sizeBytes: number;
}

/** What was read, for `-bP config`: a logical line, or that reading went to another file or came back. */
export type ReadLine =
  | { readonly kind: 'line'; readonly text: Octets }
  | { readonly kind: 'place'; readonly file: Octets; readonly line: number };

/** An open file of the include stack. */
interface OpenSource {
  readonly path: Octets;
  readonly text: Octets;
  /** Offset of the next physical line. */
  next: number;
  line: number;
}

/** What one physical line adds to a logical one. */
interface Piece {
  readonly from: number;
  readonly file: Octets;
  readonly line: number;
  readonly column: number;
}

/** One `.ifdef`. */
interface Conditional {
  readonly at: SourceLocation;
  /** Whether the part that encloses it is read. */
  readonly isOuterOn: boolean;
  isOn: boolean;
  /** A branch has been taken already. */
  isTaken: boolean;
}

export interface LineReaderParts {
  readonly files: Pick<Files, 'stat' | 'readFile'>;
  readonly macros: MacroTable;
  readonly problems: Problems;
  /** Filled with what is read. */
  readonly kept?: ReadLine[] | undefined;
}

export class LineReader {
  readonly #files: Pick<Files, 'stat' | 'readFile'>;
  readonly #macros: MacroTable;
  readonly #problems: Problems;
  readonly #kept: ReadLine[] | undefined;
  readonly #stack: OpenSource[] = [];
  readonly #conditionals: Conditional[] = [];
  readonly #read: ReadFile[] = [];
  #last: SourceLocation;
  #isEndReported = false;
  #lacksFiles = false;

  constructor(parts: LineReaderParts, path: Octets, text: Octets) {
    this.#files = parts.files;
    this.#macros = parts.macros;
    this.#problems = parts.problems;
    this.#kept = parts.kept;
    this.#last = { file: path, line: 1, column: 1 };
    this.#push(path, text);
  }

  /** Every file that was included, in order. */
  get included(): readonly ReadFile[] {
    return this.#read;
  }

  /** A file that should have been included could not be read: what it defines is not known. */
  get lacksFiles(): boolean {
    return this.#lacksFiles;
  }

  /** The place of the line that was read last; at the end, the end of the file. */
  get last(): SourceLocation {
    return this.#last;
  }

  /** Undefined at the end of the file that was opened first. */
  next(): LogicalLine | undefined {
    for (;;) {
      const line = this.#nextLogical();
      if (line?.text === '') continue;
      if (line) this.#kept?.push({ kind: 'line', text: line.text });
      return line;
    }
  }

  #nextLogical(): LogicalLine | undefined {
    let text = '';
    let pieces: Piece[] = [];
    for (;;) {
      const piece = this.#nextPhysical(text === '');
      if (!piece) break;
      if (pieces.length === 0 && piece.text === '') continue;
      if (text.length + piece.text.length > MAX_LINE_OCTETS) {
        this.#problems.error('line is too long', piece.at);
        break;
      }
      pieces.push({ from: text.length, file: piece.at.file, line: piece.at.line, column: piece.at.column });
      // Looked at as a whole: after two backslashes even an empty line goes on
      const whole = trimEnd(text + piece.text);
      if (whole.endsWith('\\')) {
        text = whole.slice(0, -1);
        continue;
      }
      text = whole;
      if (text !== '') break;
      pieces = [];
    }
    const first = pieces[0];
    if (!first) {
      this.#reportOpenConditional();
      return undefined;
    }
    const endLine = this.#last.line;
    const locate = (offset: number): SourceLocation => locateIn(pieces, offset, endLine);
    const start = skipSpace(text, 0);
    const line = trimEnd(text.slice(start));
    return { text: line, at: locate(start), locate: (offset) => locate(start + offset) };
  }

  /** The next physical line that counts: macros substituted, leading and trailing white space gone; '' for an empty one. */
  #nextPhysical(isFirst: boolean): { readonly text: Octets; readonly at: SourceLocation } | undefined {
    for (;;) {
      const source = this.#stack.at(-1);
      if (!source) return undefined;
      if (source.next >= source.text.length) {
        this.#stack.pop();
        this.#keepPlace(this.#stack.at(-1));
        continue;
      }
      const raw = takeLine(source);
      const start = skipSpace(raw, 0);
      const at: SourceLocation = { file: source.path, line: source.line, column: start + 1 };
      this.#last = at;
      if (this.#problems.isFull) return undefined;
      const isDefinition = isFirst ? definedNameEnd(raw, start) : undefined;
      const expansion = this.#macros.expand(raw, isDefinition ?? start);
      if (!expansion) {
        this.#problems.error('line is too long after macro substitution', at, {
          suggestion: 'does a macro contain itself many times over?',
        });
        continue;
      }
      const text = trimSpace(expansion.text);
      if (text.startsWith('#')) continue;
      if (text.startsWith('.') && this.#directive(text, expansion.count > 0, at, source)) continue;
      if (!this.#isReading) continue;
      return { text, at };
    }
  }

  get #isReading(): boolean {
    return this.#conditionals.at(-1)?.isOn ?? true;
  }

  /** False when the line is not a directive after all. */
  #directive(text: Octets, hasMacro: boolean, at: SourceLocation, source: OpenSource): boolean {
    const word = /^\.[a-z_]+/.exec(text)?.[0] ?? '';
    const isWhole = word.length === text.length || isSpaceCode(text.charCodeAt(word.length));
    if (!isWhole) return !this.#isReading;
    switch (word) {
      case '.ifdef':
      case '.ifndef': {
        const isOuterOn = this.#isReading;
        const isOn = isOuterOn && hasMacro === (word === '.ifdef');
        this.#conditionals.push({ at, isOuterOn, isOn, isTaken: isOn });
        return true;
      }
      case '.elifdef':
      case '.elifndef':
        this.#branch(word, hasMacro === (word === '.elifdef'), at);
        return true;
      case '.else':
        this.#branch(word, true, at);
        return true;
      case '.endif':
        if (!this.#conditionals.pop())
          this.#problems.error('.endif without matching .ifdef', at, {
            suggestion: 'an .ifdef may have been lost, or an .endif be too many',
          });
        return true;
      case '.include':
      case '.include_if_exists':
        if (this.#isReading) this.#include(trimSpace(text.slice(word.length)), word === '.include_if_exists', at, source);
        return true;
      default:
        return !this.#isReading;
    }
  }

  #branch(word: string, isWanted: boolean, at: SourceLocation): void {
    const conditional = this.#conditionals.at(-1);
    if (!conditional) {
      this.#problems.error(`${word} without matching .ifdef`, at);
      return;
    }
    conditional.isOn = conditional.isOuterOn && !conditional.isTaken && isWanted;
    conditional.isTaken ||= conditional.isOn;
  }

  #include(written: Octets, isOptional: boolean, at: SourceLocation, from: OpenSource): void {
    const name = written.length >= 2 && written.startsWith('"') && written.endsWith('"') ? written.slice(1, -1) : written;
    if (name === '') {
      this.#problems.warning('a file name is missing', at);
      return;
    }
    if (isOptional && !name.startsWith('/')) {
      this.#problems.error(`.include specifies a non-absolute path "${name}"`, at);
      return;
    }
    const path = name.startsWith('/') ? name : directoryOf(from.path) + name;
    if (isOptional && this.#files.stat(path).kind === 'error') return;
    if (this.#stack.length > MAX_INCLUDE_DEPTH || this.#read.length >= MAX_FILES) {
      this.#problems.error(`failed to open included configuration file ${path}`, at, {
        suggestion: 'files include each other in a circle',
      });
      return;
    }
    const content = readConfigurationFile(this.#files, path);
    if (content.kind === 'error') {
      this.#lacksFiles = true;
      this.#problems.error(`failed to open included configuration file ${path}`, at, { suggestion: content.reason });
      return;
    }
    this.#read.push(content.file);
    this.#keepPlace(from);
    this.#push(path, content.text);
  }

  #keepPlace(source: OpenSource | undefined): void {
    if (source) this.#kept?.push({ kind: 'place', file: source.path, line: source.line });
  }

  #push(path: Octets, text: Octets): void {
    const hasMark = text.startsWith(BYTE_ORDER_MARK);
    if (hasMark)
      this.#problems.error(
        'found unexpected BOM (Byte Order Mark)',
        { file: path, line: 1, column: 1 },
        { suggestion: 'save the file as UTF-8 without BOM' },
      );
    this.#stack.push({ path, text, next: hasMark ? BYTE_ORDER_MARK.length : 0, line: 0 });
    this.#kept?.push({ kind: 'place', file: path, line: 1 });
  }

  #reportOpenConditional(): void {
    const open = this.#conditionals.at(-1);
    if (!open || this.#isEndReported || this.#problems.isFull) return;
    this.#isEndReported = true;
    this.#problems.error('Unexpected end of configuration file: .endif missing', this.#last, {
      suggestion: `the .ifdef stands in line ${open.at.line} of ${open.at.file}`,
    });
  }
}

/** The next physical line without its line end; what follows a NUL is lost, as in Exim. */
function takeLine(source: OpenSource): Octets {
  const end = source.text.indexOf('\n', source.next);
  const stop = end < 0 ? source.text.length : end;
  const raw = source.text.slice(source.next, stop);
  source.next = stop + 1;
  source.line++;
  const nul = raw.indexOf('\0');
  return nul < 0 ? raw : raw.slice(0, nul);
}

function locateIn(pieces: readonly Piece[], offset: number, endLine: number): SourceLocation {
  let found = pieces[0];
  for (const piece of pieces) {
    if (piece.from > offset) break;
    found = piece;
  }
  if (!found) return { file: '', line: endLine, column: 1 };
  const place = { file: found.file, line: found.line, column: found.column + offset - found.from };
  if (found.line === endLine) return place;
  const rest = pieces.filter(({ from }) => from > offset);
  const continuations = rest.map(({ from, file, line, column }) => ({ offset: from - offset, file, line, column }));
  return { ...place, endLine, continuations };
}

function directoryOf(path: Octets): Octets {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

export type ConfigurationFile =
  | { readonly kind: 'ok'; readonly text: Octets; readonly file: ReadFile }
  | { readonly kind: 'error'; readonly errno: string; readonly reason: string };

export function readConfigurationFile(files: Pick<Files, 'stat' | 'readFile'>, path: Octets): ConfigurationFile {
  const facts = files.stat(path);
  if (facts.kind === 'error') return { kind: 'error', errno: facts.errno, reason: facts.reason };
  if (facts.value.type === 'directory') return { kind: 'error', errno: 'EISDIR', reason: 'Is a directory' };
  const bytes = files.readFile(path, MAX_FILE_OCTETS);
  if (bytes.kind === 'error') return { kind: 'error', errno: bytes.errno, reason: bytes.reason };
  const file = { path, mtimeMs: facts.value.mtimeMs, sizeBytes: facts.value.sizeBytes };
  return { kind: 'ok', text: octetsFromBytes(bytes.value), file };
}
