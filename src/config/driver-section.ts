/**
 * The sections routers, transports and authenticators: instances of drivers with their generic and private options.
 * Spec ch. 6 "Format of driver configurations".
 */

import { didYouMean } from '../base/nearest-name.ts';
import { skipSpace } from '../base/octets.ts';
import type { OptionSpec, OptionTable } from '../core/option.ts';
import type { SourceLocation } from '../core/source.ts';
import type { LogicalLine } from './lines.ts';
import type { MacroTable } from './macros.ts';
import { definedNameEnd } from './macros.ts';
import { defineMacro } from './main-section.ts';
import { type OptionContext, type OptionTarget, readOption } from './options.ts';
import { commentHint, scanName } from './scan.ts';

export type DriverFamily = 'router' | 'transport' | 'authenticator';

/** What all families of definitions have. */
export interface DriverDefinition {
  readonly name: string;
  readonly options: OptionTable;
  readonly generic?: OptionTable;
}

/** An instance as it was read, before its defaults are filled in. */
export interface DriverDraft<D extends DriverDefinition> {
  readonly name: string;
  readonly at: SourceLocation;
  readonly generic: OptionTarget;
  /** Of the driver's own options; undefined until `driver` is set. */
  own: OptionTarget | undefined;
  definition: D | undefined;
  /** `driver` names something that does not exist: its options are not looked at. */
  isUnknownDriver: boolean;
}

const DRIVER_OPTION: OptionSpec<unknown> = { kind: 'string', default: undefined, doc: 'Which driver the instance uses.' };

export class DriverSection<D extends DriverDefinition> {
  readonly drafts: DriverDraft<D>[] = [];
  readonly #family: DriverFamily;
  readonly #definitions: readonly D[];
  readonly #generic: OptionTable;
  readonly #context: OptionContext;
  readonly #macros: MacroTable;
  #current: DriverDraft<D> | undefined;
  /** A line that cannot be read makes those behind it meaningless until the next instance. */
  #isLost = false;

  constructor(family: DriverFamily, definitions: readonly D[], context: OptionContext, macros: MacroTable) {
    this.#family = family;
    this.#definitions = definitions;
    this.#generic = genericTable(definitions);
    this.#context = context;
    this.#macros = macros;
  }

  read(line: LogicalLine): void {
    const { text } = line;
    if (definedNameEnd(text, 0) !== undefined) {
      defineMacro(line, this.#macros, this.#context.problems);
      this.#current = undefined;
      return;
    }
    const name = scanName(text, 0);
    const colon = skipSpace(text, name.length);
    if (name !== '' && text[colon] === ':') this.#begin(name, line, colon);
    else if (this.#current) this.#option(line, this.#current);
    else if (!this.#isLost) {
      this.#context.problems.error(`${this.#family} name missing`, line.at, { suggestion: `a ${this.#family} begins with a line "name:"` });
      this.#isLost = true;
    }
  }

  #begin(name: string, line: LogicalLine, colon: number): void {
    const { problems } = this.#context;
    this.#isLost = false;
    if (skipSpace(line.text, colon + 1) < line.text.length) {
      problems.error(
        `extra characters follow driver name ${name}${commentHint(line.text.slice(skipSpace(line.text, colon + 1)))}`,
        line.locate(colon + 1),
        {
          subject: name,
          suggestion: 'options stand on lines of their own',
        },
      );
    }
    if (this.drafts.some((draft) => draft.name === name)) {
      const first = this.drafts.find((draft) => draft.name === name);
      problems.error(`there are two ${this.#family}s called "${name}"`, line.at, {
        subject: name,
        isWithoutLine: true,
        suggestion: `the first one is in line ${first?.at.line}: give one of them another name`,
      });
    }
    const what = (option: string): string => `"${option}" option of the ${this.#family} ${name}`;
    const generic = { table: this.#generic, values: new Map<string, unknown>(), settings: new Map(), spellings: new Set<string>(), what };
    this.#current = { name, at: line.at, generic, own: undefined, definition: undefined, isUnknownDriver: false };
    this.drafts.push(this.#current);
  }

  #option(line: LogicalLine, draft: DriverDraft<D>): void {
    if (draft.isUnknownDriver) return;
    const targets = draft.own ? [draft.generic, draft.own] : [draft.generic];
    const unknown = (option: string): string =>
      draft.own ? `option "${option}" unknown` : `option "${option}" unknown ("driver" must be specified before any private options)`;
    if (readOption(line, targets, unknown, this.#context) === 'driver') this.#setDriver(draft);
  }

  #setDriver(draft: DriverDraft<D>): void {
    const setting = draft.generic.settings.get('driver');
    const driver = String(draft.generic.values.get('driver'));
    draft.definition = this.#definitions.find((definition) => definition.name === driver);
    if (draft.definition) {
      draft.own = {
        table: draft.definition.options,
        values: new Map(),
        settings: new Map(),
        spellings: new Set<string>(),
        what: draft.generic.what,
      };
      return;
    }
    draft.isUnknownDriver = true;
    const suggestion = didYouMean(
      driver,
      this.#definitions.map((definition) => definition.name),
    );
    const family = this.#family === 'authenticator' ? 'authenticator' : this.#family;
    this.#context.problems.error(`${family} ${draft.name}: cannot find ${family} driver "${driver}"`, setting?.at ?? draft.at, {
      subject: driver,
      suggestion,
    });
  }
}

/** The options that all of the family have; `driver` always is one. */
export function genericTable(definitions: readonly DriverDefinition[]): OptionTable {
  return { ...definitions.find((definition) => definition.generic)?.generic, driver: DRIVER_OPTION };
}
