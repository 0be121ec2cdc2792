/** The main section: macros, named lists and options. Spec ch. 6, ch. 10 "Named lists". */

import { didYouMean } from '../base/nearest-name.ts';
import { lowerCase, type Octets, skipSpace } from '../base/octets.ts';
import type { NamedList, NamedListKind } from '../core/config.ts';
import { mainOptions } from '../core/main-options.ts';
import type { LogicalLine } from './lines.ts';
import type { MacroTable } from './macros.ts';
import { isUpperCode, parseMacroLine } from './macros.ts';
import { type OptionContext, type OptionTarget, readOption, readStringAt } from './options.ts';
import type { Problems } from './problems.ts';
import { scanName } from './scan.ts';

export type NamedLists = Readonly<Record<NamedListKind, Map<string, NamedList>>>;

const LIST_WORDS: ReadonlyMap<NamedListKind, string> = new Map([
  ['domainlist', 'domain'],
  ['hostlist', 'host'],
  ['addresslist', 'address'],
  ['localpartlist', 'local part'],
]);

export class MainSection {
  readonly options: OptionTarget = {
    table: mainOptions,
    values: new Map(),
    settings: new Map(),
    spellings: new Set<string>(),
    what: (name) => `"${name}" option`,
  };
  readonly lists: NamedLists = { domainlist: new Map(), hostlist: new Map(), addresslist: new Map(), localpartlist: new Map() };
  readonly #context: OptionContext;
  readonly #macros: MacroTable;

  constructor(context: OptionContext, macros: MacroTable) {
    this.#context = context;
    this.#macros = macros;
  }

  read(line: LogicalLine): void {
    if (isUpperCode(line.text.charCodeAt(0))) {
      defineMacro(line, this.#macros, this.#context.problems);
      return;
    }
    const list = /^(?:hide[ \t]+)?(domainlist|hostlist|addresslist|localpartlist)(_cache)?(?=[ \t])/.exec(line.text);
    if (list) {
      this.#readList(line, list);
      return;
    }
    const kind = /^(?:hide[ \t]+)?(?:domainlist|hostlist|addresslist|localpartlist)_/.test(line.text);
    if (kind)
      this.#context.problems.error('unrecognized configuration line', line.at, {
        suggestion: 'only _cache may follow the kind of a named list',
      });
    else readOption(line, [this.options], (name) => `main option "${name}" unknown`, this.#context);
  }

  #readList(line: LogicalLine, match: RegExpExecArray): void {
    const { problems, compiler } = this.#context;
    const kind = match[1] as NamedListKind; // the four words of the pattern
    const word = LIST_WORDS.get(kind) ?? '';
    const nameFrom = skipSpace(line.text, match[0].length);
    const name = listName(line.text, nameFrom);
    const equals = skipSpace(line.text, nameFrom + name.length);
    if (line.text[equals] !== '=') {
      problems.error(`missing '=' after "${name}"`, line.locate(equals), {
        suggestion: `write ${kind} NAME = …; a name has letters, digits and underscores`,
      });
      return;
    }
    if (name === '') problems.warning('a named list without a name is never used', line.locate(nameFrom));
    if (this.lists[kind].has(name)) {
      problems.error(`duplicate name "${name}" for a named ${word} list`, line.locate(nameFrom), {
        subject: name,
        suggestion: `the first one is in line ${this.lists[kind].get(name)?.template.at.line}: give one of them another name`,
      });
      return;
    }
    const value = readStringAt(line, skipSpace(line.text, equals + 1), name, problems);
    if (!value) return;
    this.lists[kind].set(name, {
      kind,
      name,
      template: compiler.template(value.value, value.at, `${word} list "${name}"`),
      isHidden: match[0].startsWith('hide'),
      forceCache: match[2] !== undefined,
    });
  }
}

/** Letters, digits and underscores, in any order. */
function listName(text: Octets, from: number): string {
  return /^[A-Za-z0-9_]*/.exec(text.slice(from))?.[0] ?? '';
}

/** A line that begins with an upper case letter, in the main section or between drivers or ACLs. */
export function defineMacro(line: LogicalLine, macros: MacroTable, problems: Problems): void {
  const parsed = parseMacroLine(line.text);
  if (parsed.kind === 'malformed') {
    const name = scanName(line.text, 0);
    problems.error(parsed.message, line.at, { subject: name, suggestion: didYouMean(lowerCase(name), Object.keys(mainOptions)) });
    return;
  }
  const problem = macros.define(parsed.name, parsed.text, parsed.isRedefinition);
  if (problem !== undefined) problems.error(problem, line.at, { subject: parsed.name, isWithoutLine: true });
}
