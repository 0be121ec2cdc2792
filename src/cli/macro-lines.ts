/** Lines of `-be` are lines of the configuration as far as macros go: macros are substituted, and a line can define one. Spec ch. 6 "Macro substitution". */
import type { Octets } from '../base/octets.ts';
import { definedNameEnd, isUpperCode, MAX_MACRO_LINE, MacroTable, parseMacroLine } from '../config/macros.ts';
import type { MacroDefinition } from '../core/index.ts';

export type MacroAnswer =
  | { readonly kind: 'expand'; readonly text: Octets }
  | { readonly kind: 'defined'; readonly name: string }
  /** In Exim's words; of a definition that cannot be read Exim says that it stands where the configuration ends. */
  | { readonly kind: 'wrong'; readonly message: string; readonly isUnreadable: boolean };

/** Reads lines one after another; what one defines holds for the next. */
export class MacroLines {
  readonly #table: MacroTable;

  constructor(macros: readonly MacroDefinition[]) {
    const isBuiltIn = ({ source }: MacroDefinition) => source === 'built-in';
    this.#table = new MacroTable(macros.filter(isBuiltIn), MAX_MACRO_LINE);
    for (const macro of macros) {
      if (macro.source === 'command-line') this.#table.defineOnCommandLine(macro.name, macro.text);
      else if (!isBuiltIn(macro)) this.#table.define(macro.name, macro.text, false);
    }
  }

  /** A line that begins with an upper case letter, before or after substitution, is meant to define a macro. */
  read(line: Octets): MacroAnswer {
    const substituted = this.#table.expand(line, definedNameEnd(line, 0) ?? 0);
    if (!substituted) return { kind: 'wrong', message: 'line is too long after macro substitution', isUnreadable: false };
    const { text } = substituted;
    if (!isUpperCode(text.charCodeAt(0))) return { kind: 'expand', text };
    const macro = parseMacroLine(text);
    if (macro.kind === 'malformed') return { kind: 'wrong', message: macro.message, isUnreadable: true };
    const message = this.#table.define(macro.name, macro.text, macro.isRedefinition);
    return message === undefined ? { kind: 'defined', name: macro.name } : { kind: 'wrong', message, isUnreadable: false };
  }
}
