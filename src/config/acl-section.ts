/** The section acl: splits it into named ACLs; their lines are parsed by acl/. Spec ch. 44 "Access control lists". */
import { skipSpace } from '../base/octets.ts';
import type { AclDefinition, AclLine } from '../core/config.ts';
import type { SourceLocation } from '../core/source.ts';
import type { LogicalLine } from './lines.ts';
import type { MacroTable } from './macros.ts';
import { definedNameEnd } from './macros.ts';
import { defineMacro } from './main-section.ts';
import type { Problems } from './problems.ts';
import { scanName } from './scan.ts';

interface AclDraft {
  readonly name: string;
  readonly at: SourceLocation;
  readonly lines: AclLine[];
}

export class AclSection {
  readonly #drafts: AclDraft[] = [];
  readonly #macros: MacroTable;
  readonly #problems: Problems;
  #current: AclDraft | undefined;
  #isLost = false;

  constructor(macros: MacroTable, problems: Problems) {
    this.#macros = macros;
    this.#problems = problems;
  }

  /** The first of those with the same name. */
  get acls(): ReadonlyMap<string, AclDefinition> {
    return new Map([...this.#drafts].reverse().map((draft) => [draft.name, draft]));
  }

  read(line: LogicalLine): void {
    const { text } = line;
    if (definedNameEnd(text, 0) !== undefined) {
      defineMacro(line, this.#macros, this.#problems);
      this.#current = undefined;
      return;
    }
    const name = scanName(text, 0);
    const colon = skipSpace(text, name.length);
    if (name !== '' && text[colon] === ':') this.#begin(name, line, colon);
    else if (this.#current) this.#current.lines.push({ text, at: line.at });
    else if (!this.#isLost) {
      this.#isLost = true;
      this.#problems.error('missing or malformed ACL name', line.at, {
        suggestion: 'an ACL begins with a line "name:"; a name has letters, digits and underscores',
      });
    }
  }

  #begin(name: string, line: LogicalLine, colon: number): void {
    this.#isLost = false;
    const first = this.#drafts.find((draft) => draft.name === name);
    if (first)
      this.#problems.error(`there are two ACLs called "${name}"`, line.at, {
        subject: name,
        suggestion: `the first one is in line ${first.at.line}: give one of them another name`,
      });
    this.#current = { name, at: line.at, lines: [] };
    this.#drafts.push(this.#current);
    const rest = skipSpace(line.text, colon + 1);
    // Exim ignores it without a word
    if (rest < line.text.length)
      this.#problems.warning(`"${line.text.slice(rest)}" behind the name of ACL ${name} is ignored`, line.locate(rest), {
        suggestion: 'write it on the next line',
      });
  }
}
