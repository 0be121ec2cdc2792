/** Macros of the configuration file. Spec ch. 6 "Macros in the configuration file", "Macro substitution", "Redefining macros". */
import type { Octets } from '../base/octets.ts';
import { isAlnumCode, isAlphaCode, isSpaceCode, skipSpace, trimSpace } from '../base/octets.ts';
import type { MacroDefinition } from '../core/config.ts';

/** Of a line after substitution. */
export const MAX_MACRO_LINE = 1 << 20;
const MAX_NAME_LENGTH = 63;
/** What may be the name of a built-in macro: they all begin with what they are of, `_HAVE_`, `_OPT_`. */
const BUILT_IN_NAME = /_[A-Z]+_[A-Z0-9_]+/g;

export interface MacroExpansion {
  readonly text: Octets;
  /** How many substitutions took place: what `.ifdef` asks. */
  readonly count: number;
}

export class MacroTable {
  readonly #builtInMacros: readonly MacroDefinition[];
  /** Of the same, by name; made when a line is met that may name one: there are a thousand, and most configurations use none. */
  #builtInByName: ReadonlyMap<string, MacroDefinition> | undefined;
  /** In order of definition, which is the order of substitution; redefinition keeps the place. */
  readonly #defined = new Map<string, MacroDefinition>();
  readonly #maxLength: number;
  readonly #onUse: ((macro: MacroDefinition) => void) | undefined;

  /** `maxLength` bounds a line after substitution; `onUse` hears of every macro that a line names, but for built-in ones. */
  constructor(builtIn: readonly MacroDefinition[], maxLength: number, onUse?: (macro: MacroDefinition) => void) {
    this.#builtInMacros = builtIn;
    this.#maxLength = maxLength;
    this.#onUse = onUse;
  }

  get all(): readonly MacroDefinition[] {
    return [...this.#builtInMacros, ...this.#defined.values()];
  }

  /** A `-D` of the command line: it stays whatever the file says. */
  defineOnCommandLine(name: string, text: Octets): void {
    this.#defined.set(name, { name, text, source: 'command-line' });
  }

  /** Exim's text when it cannot be defined. */
  define(name: string, text: Octets, isRedefinition: boolean): string | undefined {
    const existing = this.#defined.get(name) ?? this.#builtIn(name);
    if (existing?.source === 'command-line') return undefined;
    if (existing && !isRedefinition) return `macro "${name}" is already defined (use "==" if you want to redefine it)`;
    if (!existing) {
      if (isRedefinition) return `can't redefine an undefined macro "${name}"`;
      for (const earlier of this.#defined.keys()) {
        if (name.includes(earlier))
          return `"${name}" cannot be defined as a macro because previously defined macro "${earlier}" is a substring`;
      }
    }
    this.#defined.set(name, { name, text, source: 'configuration' });
    return undefined;
  }

  /** Substitutes from `from` on, macro by macro in order of definition; undefined when the line becomes longer than the limit. */
  expand(text: Octets, from: number): MacroExpansion | undefined {
    let count = 0;
    let result =
      text.slice(0, from) +
      text.slice(from).replace(BUILT_IN_NAME, (name) => {
        // Whole names only: in Exim _HAVE_TLS would make `.ifdef _HAVE_TLS_RESUME` true
        const macro = this.#builtIn(name);
        if (macro) count++;
        return macro?.text ?? name;
      });
    for (const macro of this.#defined.values()) {
      const first = result.indexOf(macro.name, from);
      if (first < 0) continue;
      const parts = result.slice(first).split(macro.name);
      const length = result.length + (parts.length - 1) * (macro.text.length - macro.name.length);
      if (length > this.#maxLength) return undefined;
      count += parts.length - 1;
      this.#onUse?.(macro);
      result = result.slice(0, first) + parts.join(macro.text);
    }
    return { text: result, count };
  }

  #builtIn(name: string): MacroDefinition | undefined {
    if (!name.startsWith('_')) return undefined;
    this.#builtInByName ??= new Map(this.#builtInMacros.map((macro) => [macro.name, macro]));
    return this.#builtInByName.get(name);
  }
}

export type MacroLine =
  | { readonly kind: 'definition'; readonly name: string; readonly text: Octets; readonly isRedefinition: boolean }
  | { readonly kind: 'malformed'; readonly message: string };

/** Reads a logical line that begins with an upper case letter as a definition. */
export function parseMacroLine(line: Octets): MacroLine {
  const end = nameEnd(line, 0);
  if (end > MAX_NAME_LENGTH) return { kind: 'malformed', message: `macro name too long (maximum is ${MAX_NAME_LENGTH} characters)` };
  let at = skipSpace(line, end);
  if (line[at] !== '=') return { kind: 'malformed', message: 'malformed macro definition' };
  const isRedefinition = line[at + 1] === '=';
  at += isRedefinition ? 2 : 1;
  return { kind: 'definition', name: line.slice(0, end), text: trimSpace(line.slice(at)), isRedefinition };
}

/** The index behind the name of a macro definition when the text (from `from`) is one: the name itself is not substituted. */
export function definedNameEnd(text: Octets, from: number): number | undefined {
  if (!isUpperCode(text.charCodeAt(from))) return undefined;
  const end = nameEnd(text, from);
  return text[skipSpace(text, end)] === '=' ? end : undefined;
}

export function isUpperCode(code: number): boolean {
  return isAlphaCode(code) && code <= 0x5a;
}

function nameEnd(text: Octets, from: number): number {
  let end = from;
  while (end < text.length && (isAlnumCode(text.charCodeAt(end)) || text[end] === '_')) end++;
  return end;
}

/** `-D` of the command line: `NAME`, `NAME=text` or `NAME == text`; undefined when malformed. */
export function parseMacroArgument(argument: Octets): { readonly name: string; readonly text: Octets } | undefined {
  const start = skipSpace(argument, 0);
  const end = nameEnd(argument, start);
  if (!isUpperCode(argument.charCodeAt(start))) return undefined;
  let at = end;
  while (at < argument.length && isSpaceCode(argument.charCodeAt(at))) at++;
  if (at < argument.length && argument[at] !== '=') return undefined;
  return { name: argument.slice(start, end), text: trimSpace(argument.slice(at + 1)) };
}
