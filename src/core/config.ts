/** A loaded configuration: frozen, until a reload makes another. Read by config/, with the option tables of the Registry. */
import type { Octets } from '../base/octets.ts';
import type { BuildSettings } from './build-settings.ts';
import type { AuthenticatorInstance, RouterInstance, TransportInstance } from './drivers.ts';
import type { Compiled, Frame } from './frame.ts';
import type { MainOptions } from './main-options.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { NotYetScope } from './option.ts';
import type { Outcome } from './outcome.ts';
import type { Problem, SourceLocation } from './source.ts';
import type { Text } from './text.ts';

export type NamedListKind = 'domainlist' | 'hostlist' | 'addresslist' | 'localpartlist';

export interface NamedList {
  readonly kind: NamedListKind;
  readonly name: string;
  readonly template: Template;
  readonly isHidden: boolean;
  /** `_cache`: results are remembered although the list has expansions. */
  readonly forceCache: boolean;
}

export interface Config {
  readonly build: BuildSettings;
  /** The main file and every included one, with what is needed to tell whether it was edited. */
  readonly files: readonly { readonly path: Octets; readonly mtimeMs: number; readonly sizeBytes: number }[];
  readonly main: MainOptions;
  readonly startup: StartupSettings;
  /** Options that were set, with their place: `check`, `-bP`. */
  readonly mainSettings: ReadonlyMap<string, OptionSetting>;
  /** Main options that are set and not built yet. */
  readonly mainNotYet: ReadonlyMap<string, NotYetScope>;
  readonly macros: readonly MacroDefinition[];
  readonly namedLists: Readonly<Record<NamedListKind, ReadonlyMap<string, NamedList>>>;
  readonly acls: ReadonlyMap<string, AclDefinition>;
  readonly routers: readonly RouterInstance[];
  readonly transports: ReadonlyMap<string, TransportInstance>;
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly retryRules: readonly RetryRule[];
  readonly rewriteRules: readonly RewriteRule[];
  /** Everything that was found; of severity `error` none, else there is no Config. */
  readonly problems: readonly Problem[];
  /** Compiles a string that exists only at run time (`${expand:}`, expanded lists, ACL text from files), through a bounded cache. */
  readonly compile: (text: Octets, what: string) => Template;
}

/** What is settled once, when the main section has been read: the values of options that are expanded then, names made ids, defaults of the build. */
export interface StartupSettings {
  readonly spoolDirectory: Octets;
  /** Of `log_file_path`, or the build's; a list with `%s` and `%D` in it, '' for `log/%slog` in the spool directory. */
  readonly logFilePath: Octets;
  readonly pidFilePath: Octets;
  /** Undefined when `localhost_number` is not set. */
  readonly localhostNumber: number | undefined;
  readonly eximUid: number;
  readonly eximGid: number;
  /** The account's name, or the number where it has none. */
  readonly eximLogin: Octets;
}

export interface MacroDefinition {
  readonly name: string;
  readonly text: Octets;
  readonly source: 'configuration' | 'command-line' | 'built-in';
}

export interface OptionSetting {
  readonly at: SourceLocation;
  readonly isHidden: boolean;
  /** As written, after macros and continuation. */
  readonly raw: Octets;
  /** Of an option that may be set several times: where each value stands. */
  readonly places?: readonly SourceLocation[];
}

/** A string of the configuration that is expanded each time it is used; compiled on first use and kept. */
export interface Template {
  readonly source: Octets;
  readonly at: SourceLocation;
  /** What it is for, in messages: `"condition" option of the router foo`. */
  readonly what: string;
  /** Its value when nothing in it is expanded. */
  readonly constant: Octets | undefined;
  evaluate(frame: Frame): MaybePromise<Outcome<Text>>;
  /** Compiles now; what `check` reports. */
  problems(): readonly Problem[];
  /** What it names that must be there or be right; for `check`. */
  mentions?(): readonly Mention[];
}

/** A text of an expansion that stands for something else. */
export interface Mention {
  readonly kind: 'regex' | 'acl' | 'file' | 'query' | ListKind;
  readonly at: SourceLocation;
  /** When nothing in it is expanded. */
  readonly constant: Octets | undefined;
  /** The variables and headers that stand in it as they are, without an operator round them. */
  readonly variables: readonly { readonly name: Octets; readonly at: SourceLocation }[];
}

/** A list option or named list: expanded first, then split and matched by lists/. */
export type ListKind = 'domain' | 'host' | 'address' | 'localpart' | 'string';

export interface ListSource {
  readonly kind: ListKind;
  readonly template: Template;
}

/** An ACL as the reader leaves it: logical lines; acl/ parses and compiles it once (at load). */
export interface AclDefinition {
  readonly name: string;
  readonly at: SourceLocation;
  readonly lines: readonly AclLine[];
}

export interface AclLine {
  readonly text: Octets;
  readonly at: SourceLocation;
}

/** Spec ch. "Retry configuration". */
export interface RetryRule {
  readonly at: SourceLocation;
  /** Address pattern, as a list item of an address list (or a bare domain). */
  readonly pattern: Octets;
  /** `*`, `timeout_connect_A`, `rcpt_4xx`, `quota_3d`… */
  readonly error: Octets;
  /** Sender list of `senders=`. */
  readonly senders: ListSource | undefined;
  readonly steps: readonly RetryStep[];
}

export interface RetryStep {
  readonly algorithm: 'F' | 'G' | 'H';
  /** Until this long after the first failure. */
  readonly untilSeconds: number;
  readonly intervalSeconds: number;
  /** For G and H. */
  readonly factor: number;
}

/** Spec ch. 31 "Address rewriting". */
export interface RewriteRule {
  readonly at: SourceLocation;
  readonly pattern: Octets;
  readonly patternTemplate: Template;
  readonly replacement: Template;
  readonly flags: Octets;
}

/** Turns text into a Template; a port, so that config/ does not import expand/. Wired in process/ or cli/. */
export interface TemplateCompiler {
  template(source: Octets, at: SourceLocation, what: string): Template;
}

export type { Compiled };
