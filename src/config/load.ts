/**
 * Reads a configuration: files to logical lines, lines to sections, settings to typed values, drafts to instances. Collects every problem;
 * with one of severity `error` there is no Config. Spec ch. 6 "The Exim run time configuration file".
 */

import { didYouMean } from '../base/nearest-name.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase, trimSpace } from '../base/octets.ts';
import type { BuildSettings } from '../core/build-settings.ts';
import type {
  AclDefinition,
  Config,
  MacroDefinition,
  RetryRule,
  RewriteRule,
  StartupSettings,
  Template,
  TemplateCompiler,
} from '../core/config.ts';
import type { AuthenticatorDefinition, RouterDefinition, TransportDefinition } from '../core/drivers.ts';
import type { Frame } from '../core/frame.ts';
import { isTaintMode, type MainOptions } from '../core/main-options.ts';
import type { NotYetScope } from '../core/option.ts';
import type { Accounts, Files, Machine, RegexCompilation } from '../core/ports.ts';
import type { Registry } from '../core/registry.ts';
import type { Problem, SourceLocation } from '../core/source.ts';
import { AclSection } from './acl-section.ts';
import { builtInMacroNames, builtInMacros, type Definitions } from './builtin-macros.ts';
import { DriverSection } from './driver-section.ts';
import { checkReferences, makeAuthenticators, makeRouters, makeTransports } from './instances.ts';
import { LineReader, type LogicalLine, type ReadFile, type ReadLine, readConfigurationFile } from './lines.ts';
import { MAX_MACRO_LINE, MacroTable } from './macros.ts';
import { checkMainOptions, checkStartup } from './main-checks.ts';
import { MainSection } from './main-section.ts';
import { accountAdvice, accountId, completeValues, notYetOptions, notYetText, type OptionContext, readIds } from './options.ts';
import { Problems } from './problems.ts';
import { readRetryRule } from './retry-section.ts';
import { readRewriteRule } from './rewrite-section.ts';

export interface LoadRequest {
  /** The list of `-C`, or the build's: the first that exists is read. */
  readonly paths: readonly Octets[];
  /** Of `-D`, in order. */
  readonly macros: readonly (readonly [name: string, text: Octets])[];
  readonly build: BuildSettings;
  readonly registry: Registry;
  readonly compiler: TemplateCompiler;
  /** For text that exists only at run time; `compiler` when absent. */
  readonly compileText?: (text: Octets, what: string) => Template;
  readonly files: Pick<Files, 'stat' | 'readFile'>;
  readonly accounts: Accounts;
  readonly machine: Machine;
  /** Refuse a file that others than root and the build's owners may write. */
  readonly mustBeTrusted?: boolean;
  /** Give the lines back too, for `-bP config`. */
  readonly keepsLines?: boolean;
  /** Hears of every macro of `-D` or the file that a line names. */
  readonly onMacro?: (macro: MacroDefinition) => void;
  /** Names for `_LOG_…` macros, and Exim's text for a `log_selector` that is wrong; given by who knows the log. */
  readonly logSelectors?: { readonly names: readonly string[]; problemOf(value: Octets): string | undefined };
  /** Names that `syslog_facility` may have; given by who knows the log. */
  readonly syslogFacilities?: readonly string[];
  readonly compileRegex?: (pattern: Octets) => RegexCompilation;
  /** Parses one ACL: Exim's problems of its lines; given by who knows ACLs. */
  readonly checkAcl?: (acl: AclDefinition) => readonly Problem[] | Promise<readonly Problem[]>;
  /** For options that are expanded once, when they have been read. Without it such an expansion is an error. */
  readonly frameFor?: (config: Config) => Frame;
}

export type LoadResult =
  | { readonly kind: 'ok'; readonly config: Config /** With `keepsLines`. */; readonly lines?: readonly ReadLine[] }
  | {
      readonly kind: 'failed';
      readonly problems: readonly Problem[] /** As far as it was read, to find the log with; absent when no file could be. */;
      readonly partial?: Config;
      /** The first error stands before `log_file_path`: Exim logs it where the build says. */
      readonly isBeforeLogPath?: boolean;
      /** Transports that were begun, whether or not they could be read. */
      readonly transportNames?: ReadonlySet<string>;
      /** A file could not be included: names may be defined there. */
      readonly lacksFiles?: boolean;
    };

export async function loadConfig(request: LoadRequest): Promise<LoadResult> {
  const opened = openFirst(request);
  if (opened.kind === 'failed') return opened;
  return read(request, opened.file, opened.text);
}

/** The same from a string; `file` is its name in messages and the base of relative `.include`s. */
export async function loadConfigText(
  text: Octets,
  request: Omit<LoadRequest, 'paths'>,
  file: Octets = '/etc/exim.conf',
): Promise<LoadResult> {
  return read({ ...request, paths: [file] }, { path: file, mtimeMs: 0, sizeBytes: text.length }, text);
}

type Opened = { readonly kind: 'ok'; readonly file: ReadFile; readonly text: Octets } | (LoadResult & { readonly kind: 'failed' });

function openFirst(request: LoadRequest): Opened {
  for (const path of request.paths) {
    const content = readConfigurationFile(request.files, path);
    if (content.kind === 'ok')
      return hasTrustedOwner(request, path)
        ? content
        : refused(path, `Exim configuration file ${path} has the wrong owner, group, or mode`);
    if (content.errno === 'EISDIR') return refused(path, `Exim configuration file ${path} has the wrong owner, group, or mode`);
    if (content.errno !== 'ENOENT' && content.errno !== 'ENOTDIR')
      return refused(path, `failed to open configuration file ${path}: ${content.reason}`);
  }
  const list = request.paths.join(':');
  return refused(list, `non-existent configuration file(s): ${list}`);
}

function refused(file: Octets, message: string): LoadResult & { readonly kind: 'failed' } {
  return { kind: 'failed', problems: [{ severity: 'error', message, at: { file, line: 1, column: 1 }, isPlain: true }] };
}

const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;

// Spec ch. 6: owned by root or a configured owner, written by nobody else
function hasTrustedOwner({ files, build, mustBeTrusted }: LoadRequest, path: Octets): boolean {
  if (!mustBeTrusted) return true;
  const facts = files.stat(path);
  if (facts.kind === 'error') return false;
  const { uid, gid, mode } = facts.value;
  if (uid !== 0 && !build.configureOwners.includes(uid)) return false;
  if ((mode & GROUP_WRITE) !== 0 && gid !== 0 && !build.configureGroups.includes(gid)) return false;
  return (mode & OTHERS_WRITE) === 0;
}

async function loadDefinitions({ registry, logSelectors }: LoadRequest): Promise<Definitions> {
  const [routers, transports, authenticators, lookups, acl, expansion] = await Promise.all([
    registry.routers(),
    registry.transports(),
    registry.authenticators(),
    registry.lookups(),
    registry.acl(),
    registry.macros ? NO_DEFINITIONS.expansion : registry.expansion(),
  ]);
  return { routers, transports, authenticators, lookups, acl, expansion, logSelectors: logSelectors?.names ?? [] };
}

const NO_DEFINITIONS: Definitions = {
  routers: [],
  transports: [],
  authenticators: [],
  lookups: [],
  acl: { conditions: [], modifiers: [], controls: [] },
  expansion: { items: [], operators: [], conditions: [], variables: [] },
  logSelectors: [],
};

/** Without sections no driver is named, and none need be loaded. A macro may stand for the line that begins one. */
function mayHaveSections(texts: readonly Octets[]): boolean {
  return texts.some((text) => /begin|\.include/.test(text));
}

/** What the sections were found to hold. */
interface Sections {
  readonly main: MainSection;
  readonly acl: AclSection;
  readonly routers: DriverSection<RouterDefinition>;
  readonly transports: DriverSection<TransportDefinition>;
  readonly authenticators: DriverSection<AuthenticatorDefinition>;
  readonly retryRules: RetryRule[];
  readonly rewriteRules: RewriteRule[];
}

async function read(request: LoadRequest, file: ReadFile, text: Octets): Promise<LoadResult> {
  const knownMacros = await request.registry.macros?.();
  const definitions =
    knownMacros && !mayHaveSections([text, ...request.macros.map(([, value]) => value)]) ? NO_DEFINITIONS : await loadDefinitions(request);
  const problems = new Problems();
  const macros = new MacroTable(builtInMacros(knownMacros ?? builtInMacroNames(definitions)), MAX_MACRO_LINE, request.onMacro);
  for (const [name, value] of request.macros) macros.defineOnCommandLine(name, value);
  const context: OptionContext = { compiler: request.compiler, accounts: request.accounts, problems, pending: [], defaults: new Map() };
  const sections: Sections = {
    main: new MainSection(context, macros),
    acl: new AclSection(macros, problems),
    routers: new DriverSection('router', definitions.routers, context, macros),
    transports: new DriverSection('transport', definitions.transports, context, macros),
    authenticators: new DriverSection('authenticator', definitions.authenticators, context, macros),
    retryRules: [],
    rewriteRules: [],
  };
  const kept: ReadLine[] | undefined = request.keepsLines ? [] : undefined;
  const lines = new LineReader({ files: request.files, macros, problems, kept }, file.path, text);
  const isBeforeLogPath = readSections(lines, sections, context);
  const config = await assemble(request, sections, context, macros, [file, ...lines.included]);
  for (const problem of await problemsOfAcls(request, sections)) problems.add(problem);
  if (problems.hasErrors) {
    const transportNames = new Set(sections.transports.drafts.map(({ name }) => name));
    return { kind: 'failed', problems: problems.found, partial: config, isBeforeLogPath, transportNames, lacksFiles: lines.lacksFiles };
  }
  return { kind: 'ok', config: { ...config, problems: problems.found }, ...(kept ? { lines: kept } : {}) };
}

// Spec ch. 6 "Configuration file format"
const SECTION_NAMES = ['acl', 'authenticators', 'local_scan', 'retry', 'rewrite', 'routers', 'transports'] as const;
type SectionName = (typeof SECTION_NAMES)[number];

/** Whether the first error was met before `log_file_path` was set. */
function readSections(lines: LineReader, sections: Sections, context: OptionContext): boolean {
  const seen = new Set<SectionName>();
  let section: SectionName | 'main' | 'unknown' = 'main';
  let isBeforeLogPath = false;
  for (let line = lines.next(); line; line = lines.next()) {
    if (line.text.startsWith('begin ')) section = beginSection(line, seen, context.problems);
    else readLine(line, section, sections, context);
    isBeforeLogPath ||= context.problems.hasErrors && !sections.main.options.settings.has('log_file_path');
  }
  return isBeforeLogPath;
}

function beginSection(line: LogicalLine, seen: Set<SectionName>, problems: Problems): SectionName | 'unknown' {
  const written = trimSpace(line.text.slice('begin '.length));
  const word = lowerCase(written);
  const name = SECTION_NAMES.find((known) => withoutPlural(known) === withoutPlural(word));
  if (name === undefined) {
    problems.error(`"${written}" is not a known configuration section name`, line.locate('begin '.length), {
      subject: written,
      suggestion: didYouMean(word, SECTION_NAMES) ?? `the sections are ${SECTION_NAMES.join(', ')}`,
    });
    return 'unknown';
  }
  if (seen.has(name)) problems.error(`"${written}" section is repeated in the configuration file`, line.at, { subject: name });
  seen.add(name);
  return name;
}

/** As Exim, `begin router` and `begin acls` are taken too. */
function withoutPlural(word: string): string {
  return word.endsWith('s') ? word.slice(0, -1) : word;
}

function readLine(line: LogicalLine, section: SectionName | 'main' | 'unknown', sections: Sections, context: OptionContext): void {
  const { compiler, problems } = context;
  switch (section) {
    case 'main':
    case 'acl':
    case 'routers':
    case 'transports':
    case 'authenticators':
      sections[section].read(line);
      return;
    case 'retry': {
      const rule = readRetryRule(line, compiler, problems);
      if (rule) sections.retryRules.push(rule);
      return;
    }
    case 'rewrite': {
      const rule = readRewriteRule(line, compiler, problems);
      if (rule) sections.rewriteRules.push(rule);
      return;
    }
    case 'local_scan':
      problems.error('local_scan() options not supported: (LOCAL_SCAN_HAS_OPTIONS not defined in Local/Makefile)', line.at);
      return;
    case 'unknown':
      return;
  }
}

async function assemble(
  request: LoadRequest,
  sections: Sections,
  context: OptionContext,
  macros: MacroTable,
  files: readonly ReadFile[],
): Promise<Config> {
  const { build, compiler } = request;
  const { main } = sections;
  const values = mainValues(request, main, context);
  context.primaryHostname = values.primary_hostname;
  const compile =
    request.compileText ?? ((text: Octets, what: string) => compiler.template(text, { file: '(run time)', line: 1, column: 1 }, what));
  const draft: Config = {
    build,
    files,
    main: values,
    startup: startupDefaults(build),
    mainSettings: main.options.settings,
    mainNotYet: mainNotYet(main, context.problems),
    macros: macros.all,
    namedLists: main.lists,
    acls: sections.acl.acls,
    routers: makeRouters(sections.routers.drafts, context),
    transports: makeTransports(sections.transports.drafts, context),
    authenticators: makeAuthenticators(sections.authenticators.drafts, context),
    retryRules: sections.retryRules,
    rewriteRules: sections.rewriteRules,
    problems: [],
    compile,
  };
  checkReferences(
    draft,
    sections.routers.drafts.map(({ name }) => name),
    context.problems,
  );
  const { logSelectors, syslogFacilities, compileRegex } = request;
  checkMainOptions(draft, { logSelectors, syslogFacilities, compileRegex }, context.problems);
  const config = await settle(request, draft, context);
  checkStartup(config, context.problems);
  return config;
}

/** Seconds. Spec ch. 14 "retry_interval_max". */
const MAX_RETRY_INTERVAL = 24 * 3600;

/** Options whose defaults come from the machine and from each other. */
function mainValues({ machine }: LoadRequest, main: MainSection, context: OptionContext): MainOptions {
  const values = completeValues(main.options, context) as unknown as MainOptions; // the table's own values and defaults
  const primary = values.primary_hostname === '' ? machine.hostName : values.primary_hostname;
  const { settings } = main.options;
  const qualify = settings.has('qualify_domain') ? values.qualify_domain : primary;
  const recipient = settings.has('qualify_recipient') ? values.qualify_recipient : qualify;
  return {
    ...values,
    taint_mode: taintMode(values, machine),
    retry_interval_max: Math.min(values.retry_interval_max, MAX_RETRY_INTERVAL),
    remote_max_parallel: Math.max(values.remote_max_parallel, 1),
    primary_hostname: primary,
    qualify_domain: qualify,
    qualify_recipient: recipient,
  };
}

/** EXIMIUS_TAINT_MODE goes before the option, for tests; not in a program that has another's rights than its caller. */
function taintMode({ taint_mode }: MainOptions, machine: Machine): Octets | undefined {
  if (machine.realUid() !== machine.effectiveUid()) return taint_mode;
  const wanted = machine.environment().get('EXIMIUS_TAINT_MODE');
  return wanted !== undefined && isTaintMode(wanted) ? wanted : taint_mode;
}

function mainNotYet(main: MainSection, problems: Problems): ReadonlyMap<string, NotYetScope> {
  const result = new Map<string, NotYetScope>();
  for (const { name, scope } of notYetOptions(main.options)) {
    const setting = main.options.settings.get(name);
    if (setting) problems.notYet(notYetText(`main option "${name}"`, scope), setting.at, { subject: name });
    if (scope !== 'notice') result.set(name, scope);
  }
  return result;
}

function startupDefaults(build: BuildSettings): StartupSettings {
  return {
    spoolDirectory: build.spoolDirectory,
    logFilePath: build.logFilePath,
    pidFilePath: defaultPidFile(build, build.spoolDirectory),
    localhostNumber: undefined,
    eximUid: build.eximUser.uid,
    eximGid: build.eximGroup.gid,
    eximLogin: build.eximUser.name,
  };
}

function defaultPidFile(build: BuildSettings, spoolDirectory: Octets): Octets {
  return build.pidFilePath ?? `${spoolDirectory}/exim-daemon.pid`;
}

/** The options that Exim expands and looks up once, after the main section. Each may refer to those before it. */
async function settle(request: LoadRequest, draft: Config, context: OptionContext): Promise<Config> {
  const { main } = draft;
  let { startup } = draft;
  const now = (): Config => ({ ...draft, startup });
  const expand = (template: Template | undefined, name: string): Promise<Octets | undefined> =>
    expandAtStart(template, name, request, now(), context.problems);
  const id = (kind: 'user' | 'group', text: Octets, template: Template): number | undefined => {
    const found = accountId(kind, text, request.accounts);
    if (typeof found === 'number') return found;
    context.problems.error(`${kind} ${text} was not found`, template.at, { subject: `exim_${kind}`, suggestion: accountAdvice(kind) });
    return undefined;
  };
  const user = await expand(main.exim_user, 'exim_user');
  const group = await expand(main.exim_group, 'exim_group');
  if (user !== undefined && main.exim_user) {
    const eximUid = id('user', user, main.exim_user) ?? startup.eximUid;
    startup = { ...startup, eximUid, eximLogin: loginOf(eximUid, request), eximGid: groupOf(user, request) ?? startup.eximGid };
  }
  if (group !== undefined && main.exim_group) startup = { ...startup, eximGid: id('group', group, main.exim_group) ?? startup.eximGid };
  const spoolDirectory = (await expand(main.spool_directory, 'spool_directory')) ?? startup.spoolDirectory;
  startup = { ...startup, spoolDirectory, pidFilePath: defaultPidFile(request.build, spoolDirectory) };
  startup = { ...startup, logFilePath: (await expand(main.log_file_path, 'log_file_path')) ?? startup.logFilePath };
  startup = { ...startup, pidFilePath: (await expand(main.pid_file_path, 'pid_file_path')) || startup.pidFilePath };
  const number = await expand(main.localhost_number, 'localhost_number');
  if (number !== undefined)
    startup = { ...startup, localhostNumber: readLocalhostNumber(number, main.localhost_number?.at, context.problems) };
  for (const { target, name, kind, template } of context.pending) {
    const list = await expandAccounts(template, name, request, now(), context.problems);
    if (list !== undefined) target.values.set(name, readIds(kind, list, name, template.at, context) ?? []);
  }
  const lists = Object.fromEntries(context.pending.map(({ name, target }) => [name, target.values.get(name)]));
  return { ...now(), main: { ...main, ...lists } };
}

function loginOf(uid: number, { accounts }: LoadRequest): Octets {
  const found = accounts.userById(uid);
  return (found.kind === 'ok' ? found.value?.name : undefined) ?? String(uid);
}

/** Of a user that is given by its name. Spec ch. 14 "exim_user". */
function groupOf(user: Octets, { accounts }: LoadRequest): number | undefined {
  if (/^[0-9]+$/.test(user)) return undefined;
  const found = accounts.userByName(user);
  return found.kind === 'ok' ? found.value?.gid : undefined;
}

async function expandAtStart(
  template: Template | undefined,
  name: string,
  request: LoadRequest,
  config: Config,
  problems: Problems,
): Promise<Octets | undefined> {
  if (template === undefined) return undefined;
  if (template.constant !== undefined) return template.constant;
  if (!request.frameFor) {
    problems.error(`failed to expand ${name} "${template.source}"`, template.at, { subject: name, isWithoutLine: true });
    return undefined;
  }
  const outcome = await template.evaluate(request.frameFor(config));
  if (outcome.kind === 'ok') return outcome.value.octets;
  if (outcome.kind === 'forced-fail') return undefined;
  problems.error(`failed to expand ${name} "${template.source}": ${outcome.message}`, template.at, { subject: name, isPlain: true });
  return undefined;
}

/** Exim expands these while it reads their line. */
async function expandAccounts(
  template: Template,
  name: string,
  request: LoadRequest,
  config: Config,
  problems: Problems,
): Promise<Octets | undefined> {
  const outcome = request.frameFor && (await template.evaluate(request.frameFor(config)));
  if (outcome?.kind === 'ok') return outcome.value.octets;
  const reason = outcome === undefined ? '' : `: ${outcome.kind === 'forced-fail' ? '"fail"' : outcome.message}`;
  problems.error(`failed to expand ${name}${reason}`, template.at, { subject: name });
  return undefined;
}

const MAX_LOCALHOST_NUMBER = 16;

function readLocalhostNumber(text: Octets, at: SourceLocation | undefined, problems: Problems): number | undefined {
  const place = at ?? { file: '', line: 1, column: 1 };
  if (text === '') return undefined;
  if (!/^(?:[0-9]+|0x[0-9A-Fa-f]+)$/.test(text)) {
    problems.error(`localhost_number value is not a number: ${text}`, place, { isWithoutLine: true, subject: 'localhost_number' });
    return undefined;
  }
  const value = Number.parseInt(text, text.startsWith('0x') ? 16 : 10);
  if (value <= MAX_LOCALHOST_NUMBER) return value;
  problems.error(`localhost_number is greater than the maximum allowed value (${MAX_LOCALHOST_NUMBER})`, place, {
    isWithoutLine: true,
    subject: 'localhost_number',
  });
  return undefined;
}

async function problemsOfAcls({ checkAcl }: LoadRequest, sections: Sections): Promise<readonly Problem[]> {
  if (!checkAcl) return [];
  return (await Promise.all([...sections.acl.acls.values()].map((acl) => checkAcl(acl)))).flat();
}
