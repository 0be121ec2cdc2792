/**
 * Options are declared once: name, type, default, whether it is expanded and what a forced failure then means, doc.
 * From that come the typed values, `-bP` output, suggestions for a misspelt option, and the reference page.
 */
import type { Octets } from '../base/octets.ts';
import type { ListKind, ListSource, Template } from './config.ts';

/** How config/ reads a value. `expanded*` and lists give Templates; everything else is read at once. */
export type OptionKind =
  | 'boolean'
  | 'expanded-boolean'
  | 'integer'
  | 'octal'
  | 'size'
  /** An amount of storage counted in KiB. */
  | 'kib'
  | 'time'
  | 'time-list'
  | 'fixed'
  | 'string'
  | 'expanded-string'
  /** Expanded; a value without expansions is a time and printed as one. */
  | 'expanded-time'
  | 'string-list'
  | 'list'
  | 'user'
  | 'group'
  | 'user-list'
  | 'group-list'
  | 'driver-name'
  /** May be given several times; each is kept. */
  | 'repeatable-string';

/** What follows when an expanded option's expansion is forced to fail; 'unset' behaves as if the option were not there. */
export type OnForcedFail = 'unset' | 'defer' | 'decline' | 'false' | 'empty-list';

/** What is not built yet and, when the option is set, makes this defer with a panic-log line (DESIGN 3.4). */
export type NotYetScope = 'process' | 'receive' | 'deliver' | 'instance' | 'notice';

export interface OptionSpec<T> {
  readonly kind: OptionKind;
  readonly listKind?: ListKind;
  readonly default: T;
  /** As `-bP` prints the default of a string; used where the default is itself expanded. */
  readonly defaultText?: Octets;
  readonly doc: string;
  readonly onForcedFail?: OnForcedFail;
  /** Its value is shown to admins only, whether or not `hide` is written (none of Exim's are; extensions may). */
  readonly isSecret?: boolean;
  readonly notYet?: NotYetScope;
  /** With which values of the table it is not built yet; absent: with all of its own but the default. */
  readonly notYetFor?: (values: Readonly<Record<string, unknown>>) => boolean;
  /** Another spelling of this option, still accepted. */
  readonly synonyms?: readonly string[];
  /** The value `integer`-like options take when written without one, or bounds. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Not in Exim; shown with an `.ifdef _OPT_…` guard. */
  readonly isExtension?: boolean;
  /** A boolean that only sets these others (`fail_verify`); it has no value of its own and is not printed. */
  readonly sets?: readonly string[];
  /** The default where others of the same table decide it; octets where the kind is expanded or a list. */
  readonly derive?: (values: Readonly<Record<string, unknown>>, isSet: (name: string) => boolean) => unknown;
  /** Exim's text when the value is malformed; of strings. */
  readonly problemOf?: (text: Octets) => string | undefined;
  /** Exim has it only in some builds: -bP shows it only when it is set. */
  readonly isOfSomeBuilds?: boolean;
  /** How -bP shows several settings of a repeatable option as one; 'and': as conditions that must all hold. */
  readonly joiner?: '\n' | ':' | ';' | 'and';
  /** Of an expanded boolean: -bP shows its expansion on a line of its own, `*expand_NAME`, as Exim does for some. */
  readonly isExpansionPrinted?: boolean;
  /** Of a user or group: a name or number as it stands, whatever is in it. */
  readonly isNeverExpanded?: boolean;
}

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** The typed values of a table. */
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends OptionSpec<infer V> ? V : never };

interface Extra {
  readonly doc: string;
  readonly onForcedFail?: OnForcedFail;
  readonly notYet?: NotYetScope;
  readonly notYetFor?: (values: Readonly<Record<string, unknown>>) => boolean;
  readonly synonyms?: readonly string[];
  readonly isSecret?: boolean;
  readonly isExtension?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly sets?: readonly string[];
  readonly derive?: (values: Readonly<Record<string, unknown>>, isSet: (name: string) => boolean) => unknown;
  readonly problemOf?: (text: Octets) => string | undefined;
  readonly isOfSomeBuilds?: boolean;
  readonly joiner?: '\n' | ':' | ';' | 'and';
  readonly isExpansionPrinted?: boolean;
  readonly isNeverExpanded?: boolean;
}

/** An expanded option's default is text that config/ compiles into a Template: it is given here as octets. */
function expandedDefault(text: Octets | undefined): { default: Template | undefined; defaultText?: Octets } {
  return text === undefined ? { default: undefined } : { default: undefined, defaultText: text };
}

/** Declares options; every function takes the default (where the type has one) and the doc. */
export const option = {
  boolean: (o: Extra & { default: boolean }): OptionSpec<boolean> => ({ kind: 'boolean', ...o }),
  /** A boolean that may also be a string to expand (`more`, `forbid_…`). */
  expandedBoolean: (o: Extra & { default: boolean }): OptionSpec<boolean | Template> => ({ kind: 'expanded-boolean', ...o }),
  integer: (o: Extra & { default: number }): OptionSpec<number> => ({ kind: 'integer', ...o }),
  /** Printed as 0600 by -bP. */
  octal: (o: Extra & { default: number }): OptionSpec<number> => ({ kind: 'octal', ...o }),
  /** An integer where K, M, G are usual and -bP prints them. */
  size: (o: Extra & { default: number }): OptionSpec<number> => ({ kind: 'size', ...o }),
  /** KiB: a bare number counts KiB, K M and G may follow. */
  kib: (o: Extra & { default: number }): OptionSpec<number> => ({ kind: 'kib', ...o }),
  /** Seconds. */
  time: (o: Extra & { default: number }): OptionSpec<number> => ({ kind: 'time', ...o }),
  /** Seconds each. */
  timeList: (o: Extra & { default: readonly number[] }): OptionSpec<readonly number[]> => ({ kind: 'time-list', ...o }),
  /** Up to three decimals. */
  fixed: (o: Extra & { default: number }): OptionSpec<number> => ({ kind: 'fixed', ...o }),
  /** Not expanded, and never unset. */
  text: (o: Extra & { default: Octets }): OptionSpec<Octets> => ({ kind: 'string', ...o }),
  /** Not expanded. */
  string: (o: Extra & { default?: Octets }): OptionSpec<Octets | undefined> => ({ kind: 'string', ...o, default: o.default }),
  /** Expanded at each use. */
  expanded: (o: Extra & { default?: Octets }): OptionSpec<Template | undefined> => ({
    kind: 'expanded-string',
    ...o,
    ...expandedDefault(o.default),
  }),
  /** Expanded at each use; a time. */
  expandedTime: (o: Extra & { default?: Octets }): OptionSpec<Template | undefined> => ({
    kind: 'expanded-time',
    ...o,
    ...expandedDefault(o.default),
  }),
  /** A colon list, not expanded. */
  stringList: (o: Extra & { default: readonly Octets[] }): OptionSpec<readonly Octets[]> => ({ kind: 'string-list', ...o }),
  expandedList: (o: Extra & { default?: Octets }): OptionSpec<ListSource | undefined> => list('string', o),
  domainList: (o: Extra & { default?: Octets }): OptionSpec<ListSource | undefined> => list('domain', o),
  hostList: (o: Extra & { default?: Octets }): OptionSpec<ListSource | undefined> => list('host', o),
  addressList: (o: Extra & { default?: Octets }): OptionSpec<ListSource | undefined> => list('address', o),
  localPartList: (o: Extra & { default?: Octets }): OptionSpec<ListSource | undefined> => list('localpart', o),
  /** A name or number, expanded where it has `$`. */
  user: (o: Extra): OptionSpec<Template | undefined> => ({ kind: 'user', ...o, default: undefined }),
  group: (o: Extra): OptionSpec<Template | undefined> => ({ kind: 'group', ...o, default: undefined }),
  /** Uids: names are looked up when the configuration is read. */
  userList: (o: Extra): OptionSpec<readonly number[]> => ({ kind: 'user-list', ...o, default: [] }),
  /** Gids. */
  groupList: (o: Extra): OptionSpec<readonly number[]> => ({ kind: 'group-list', ...o, default: [] }),
  repeatable: (o: Extra): OptionSpec<readonly Octets[]> => ({ kind: 'repeatable-string', ...o, default: [] }),
} as const;

function list(listKind: ListKind, o: Extra & { default?: Octets }): OptionSpec<ListSource | undefined> {
  const { default: text, ...rest } = o;
  return { kind: 'list', listKind, ...rest, default: undefined, ...(text === undefined ? {} : { defaultText: text }) };
}
