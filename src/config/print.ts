/** What `-bP` prints, line by line as Exim does. Spec ch. 5 "Command line options", `-bP`. */

import { parseList, quoteListItem } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import { formatTimeSpan, parseTimeSpan } from '../base/time-span.ts';
import type { Config, ListSource, NamedListKind, OptionSetting, Template } from '../core/config.ts';
import type { DriverInstance } from '../core/drivers.ts';
import { mainOptions } from '../core/main-options.ts';
import type { OptionSpec, OptionTable } from '../core/option.ts';
import type { Accounts } from '../core/ports.ts';
import { type DriverDefinition, type DriverFamily, genericTable } from './driver-section.ts';
import type { ReadLine } from './lines.ts';
import { scanQuoted } from './scan.ts';

export interface PrintParts {
  readonly config: Config;
  readonly definitions: Readonly<Record<`${DriverFamily}s`, readonly DriverDefinition[]>>;
  readonly accounts: Accounts;
  /** Sees hidden values and macros. */
  readonly isAdmin: boolean;
  /** `-n`: values only. */
  readonly isValueOnly: boolean;
  /** After keep_environment and add_environment. */
  readonly environment: ReadonlyMap<string, Octets>;
  /** The lines of the configuration, for `config`. */
  readonly lines: readonly ReadLine[];
  /** As `exim_version` shows it. */
  readonly version: string;
  /** Over `config`, where it is another. */
  readonly headingVersion?: string;
}

export interface Printed {
  /** Without line ends. */
  readonly lines: readonly Octets[];
  /** For stderr. */
  readonly errors: readonly Octets[];
  readonly status: 0 | 1;
}

const HIDDEN = '<value not displayable>';
const LIST_KINDS: readonly NamedListKind[] = ['addresslist', 'domainlist', 'hostlist', 'localpartlist'];
const FAMILIES: readonly DriverFamily[] = ['router', 'transport', 'authenticator'];

/** `names` are the arguments behind `-bP`; none shows the main section. */
export function printOptions(names: readonly Octets[], parts: PrintParts): Printed {
  if (names.length === 0) return printOne('all', undefined, parts);
  // As Exim, which keeps the lines only then
  if (names[0] === 'config') return shown(printConfigLines(parts));
  const all: Printed[] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? '';
    const takesName = name === 'macro' || FAMILIES.some((family) => family === name);
    const argument = takesName ? names[i + 1] : undefined;
    if (argument !== undefined) i++;
    all.push(printOne(name, argument, parts));
  }
  return {
    lines: all.flatMap((one) => one.lines),
    errors: all.flatMap((one) => one.errors),
    // as Exim, the last one decides
    status: all.at(-1)?.status ?? 0,
  };
}

function printOne(name: Octets, argument: Octets | undefined, parts: PrintParts): Printed {
  const { config } = parts;
  if (argument !== undefined) return name === 'macro' ? printMacro(argument, parts) : printNamedDriver(name, argument, parts);
  switch (name) {
    case 'all':
      return shown(Object.keys(mainOptions).flatMap((option) => mainLine(option, parts, option, true) ?? []));
    case 'config_file':
    case 'configure_file':
      return shown([config.files[0]?.path ?? '']);
    case 'config':
      return shown([]);
    case 'environment':
      return shown(
        [...parts.environment].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => (parts.isValueOnly ? key : `${key}=${value}`)),
      );
    case 'local_scan':
      return shown(['local_scan() options are not supported'], 1);
    case 'macros':
    case 'macro_list':
      return printMacros(name === 'macro_list', parts);
    case 'routers':
    case 'transports':
    case 'authenticators':
      return shown(
        instancesOf(name, config).flatMap((instance) => [
          '',
          `${instance.name} ${name.slice(0, -1)}:`,
          ...driverLines(name, instance, parts),
        ]),
      );
    case 'router_list':
    case 'transport_list':
    case 'authenticator_list':
      return shown(instancesOf(`${name.slice(0, -'_list'.length)}s`, config).map((instance) => instance.name));
    default:
      return name.startsWith('+') ? printNamedLists(name.slice(1), parts) : printMainOption(name, parts);
  }
}

function shown(lines: readonly Octets[], status: 0 | 1 = 0): Printed {
  return { lines, errors: [], status };
}

function printMainOption(name: Octets, parts: PrintParts): Printed {
  const known = Object.entries<OptionSpec<unknown>>(mainOptions).find(([option, spec]) => option === name || spec.synonyms?.includes(name));
  const lines = known && mainLine(known[0], parts, name);
  return lines ? shown(lines) : shown([`${name} is not a known option`], 1);
}

/** A hidden list is not shown to administrators either. */
function printNamedLists(name: Octets, { config, isValueOnly }: PrintParts): Printed {
  const found = LIST_KINDS.flatMap((kind) => config.namedLists[kind].get(name) ?? []);
  if (found.length === 0) return shown([`no address, domain, host, or local part list called "${name}" exists`], 1);
  return shown(
    found.map((list) => {
      const value = list.isHidden ? HIDDEN : list.template.source;
      return isValueOnly ? value : `${list.kind} ${list.name} = ${value}`;
    }),
  );
}

function printMacros(areNamesWanted: boolean, { config, isAdmin, isValueOnly }: PrintParts): Printed {
  if (!isAdmin) return { lines: [], errors: ['exim: permission denied'], status: 1 };
  return shown(config.macros.map((macro) => (areNamesWanted ? macro.name : isValueOnly ? macro.text : `${macro.name}=${macro.text}`)));
}

function printMacro(name: Octets, { config, isAdmin, isValueOnly }: PrintParts): Printed {
  if (!isAdmin) return { lines: [], errors: ['exim: permission denied'], status: 1 };
  const macro = config.macros.find((one) => one.name === name);
  if (!macro) return shown([`macro ${name} not found`], 1);
  return shown([isValueOnly ? macro.text : `${macro.name}=${macro.text}`]);
}

// ---------------------------------------------------------------- drivers

type Instance = DriverInstance<Readonly<Record<string, unknown>>>;

function instancesOf(families: string, config: Config): readonly Instance[] {
  if (families === 'routers') return config.routers;
  return families === 'transports' ? [...config.transports.values()] : config.authenticators;
}

function printNamedDriver(family: Octets, name: Octets, parts: PrintParts): Printed {
  const instance = instancesOf(`${family}s`, parts.config).find((one) => one.name === name);
  return instance ? shown(driverLines(`${family}s`, instance, parts)) : shown([`${family} ${name} not found`], 1);
}

function driverLines(families: string, instance: Instance, parts: PrintParts): Octets[] {
  const family = FAMILIES.find((one) => families === `${one}s`) ?? 'router';
  const definitions = parts.definitions[`${family}s`];
  const own = definitions.find((definition) => definition.name === instance.driver)?.options ?? {};
  const all = instancesOf(families, parts.config);
  const same = all.filter((other) => other.driver === instance.driver);
  return [
    ...tableLines(genericTable(definitions), instance.generic, instance.settings, hiddenNames(all), parts),
    ...tableLines(own, instance.own, instance.settings, hiddenNames(same), parts),
  ];
}

/** `hide` on a driver's option hides it in all instances that have the same table. */
function hiddenNames(instances: readonly Instance[]): ReadonlySet<string> {
  return new Set(instances.flatMap((instance) => [...instance.settings].filter(([, setting]) => setting.isHidden).map(([name]) => name)));
}

function tableLines(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
  settings: ReadonlyMap<string, OptionSetting>,
  hidden: ReadonlySet<string>,
  parts: PrintParts,
): Octets[] {
  const printed = Object.entries(table).filter(([name, spec]) => spec.sets === undefined && (isAlwaysPrinted(spec) || settings.has(name)));
  const lines = printed
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, spec]) => {
      const value = values[name] ?? (spec.kind === 'group' ? groupOfUser(table, values, parts.accounts) : undefined);
      return optionLine({ name, spec, value, setting: settings.get(name), isHidden: hidden.has(name) }, parts);
    });
  const expansions = printed
    .filter(([, spec]) => spec.isExpansionPrinted)
    .map(([name]) => {
      const value = values[name];
      return `*expand_${name} = ${isTemplate(value) ? printable(value.source, { escapeHigh: true }) : ''}`;
    });
  return [...expansions, ...lines];
}

/** A user that is named brings its group. */
function groupOfUser(table: OptionTable, values: Readonly<Record<string, unknown>>, accounts: Accounts): Octets | undefined {
  const user = Object.entries(table).find(([, spec]) => spec.kind === 'user');
  const template = user && values[user[0]];
  if (!isTemplate(template) || /^[0-9]|[$]/.test(template.source)) return undefined;
  const found = accounts.userByName(template.source);
  return found.kind === 'ok' && found.value ? String(found.value.gid) : undefined;
}

// ---------------------------------------------------------------- one option

interface Shown {
  readonly name: string;
  readonly spec: OptionSpec<unknown>;
  readonly value: unknown;
  readonly setting: OptionSetting | undefined;
  readonly isHidden: boolean;
}

function isAlwaysPrinted(spec: OptionSpec<unknown>): boolean {
  return !spec.isExtension && !spec.isOfSomeBuilds;
}

/** A main option; undefined when there is none of that name. `isWhole`: in a list of all. */
function mainLine(name: string, parts: PrintParts, shownName: string = name, isWhole = false): Octets[] | undefined {
  const { config } = parts;
  const spec = (mainOptions as OptionTable)[name];
  if (!spec) return undefined;
  const setting = config.mainSettings.get(name);
  if (!isAlwaysPrinted(spec) && !setting && isWhole) return [];
  const value = settledValue(name, parts) ?? config.main[name as keyof typeof config.main]; // a name of the table
  return optionLine({ name: shownName, spec, value, setting, isHidden: setting?.isHidden ?? false }, parts);
}

/** What start-up made of options that are expanded once or come from the build. */
function settledValue(name: string, { config, version }: PrintParts): unknown {
  const { startup, build, main } = config;
  switch (name) {
    case 'spool_directory':
      return startup.spoolDirectory;
    case 'log_file_path':
      return startup.logFilePath;
    case 'pid_file_path':
      return main.pid_file_path?.source === '' ? '' : startup.pidFilePath;
    case 'process_log_path':
      return main.process_log_path || `${startup.spoolDirectory}/exim-process.info`;
    case 'exim_path':
      return main.exim_path ?? build.eximPath;
    case 'exim_user':
      return main.exim_user?.source ?? build.eximUser.name;
    case 'exim_group':
      return main.exim_group?.source ?? build.eximGroup.name;
    case 'exim_version':
      return config.mainSettings.has('exim_version') ? undefined : version;
    default:
      return undefined;
  }
}

function optionLine(shownOption: Shown, parts: PrintParts): Octets[] {
  const { name, spec, value, isHidden } = shownOption;
  if (isHidden && !parts.isAdmin) return [parts.isValueOnly ? HIDDEN : `${name} = ${HIDDEN}`];
  if (typeof value === 'boolean') return [value ? name : `no_${name}`];
  const text = valueText(shownOption, parts.accounts);
  if (spec.kind === 'fixed' && text === '') return [`${name} =`];
  if (parts.isValueOnly) return [text];
  const hasNoSpace = text === '' && (spec.kind === 'user-list' || spec.kind === 'group-list');
  return [hasNoSpace ? `${name} =` : `${name} = ${text}`];
}

function valueText({ spec, value, setting }: Shown, accounts: Accounts): Octets {
  switch (spec.kind) {
    case 'boolean':
    case 'expanded-boolean':
      return isTemplate(value) ? escape(value.source) : '';
    case 'integer':
      return String(value);
    case 'size':
      return sizeText(Number(value), 1, ['', 'K', 'M']); // octets: a number already
    case 'kib':
      return sizeText(Number(value), 1024, ['', 'K', 'M', 'G', 'T']); // octets: a number already
    case 'octal':
      return value === 0 ? '0' : `0${Number(value).toString(8)}`; // octets: a number already
    case 'fixed':
      return Number(value) < 0 ? '' : fixedText(Number(value)); // octets: a number already
    case 'time':
      return formatTimeSpan(Number(value)); // octets: a number already
    case 'time-list':
      return (value as readonly number[]).map(formatTimeSpan).join(':'); // as its kind says
    case 'user':
    case 'group':
      return accountText(spec.kind, isTemplate(value) ? value.source : String(value ?? ''), accounts);
    case 'user-list':
    case 'group-list':
      return (value as readonly number[])
        .map((id) => accountText(spec.kind === 'user-list' ? 'user' : 'group', String(id), accounts))
        .join(':'); // as its kind says
    case 'string-list':
      return setting ? escape(unquoted(setting.raw)) : (value as readonly Octets[]).join(':'); // as its kind says
    case 'repeatable-string':
      return escape(joinRepeated(value as readonly Octets[], spec.joiner)); // as its kind says
    case 'expanded-time':
      return timeText(sourceText(value));
    case 'list':
    case 'expanded-string':
    case 'string':
    case 'driver-name':
      return escape(sourceText(value));
  }
}

function timeText(source: Octets): Octets {
  const seconds = parseTimeSpan(source);
  return seconds === undefined ? escape(source) : formatTimeSpan(seconds);
}

function sourceText(value: unknown): Octets {
  if (typeof value === 'string') return value;
  if (isTemplate(value)) return value.source;
  return isListSource(value) ? value.template.source : '';
}

function isTemplate(value: unknown): value is Template {
  return typeof value === 'object' && value !== null && 'source' in value && 'evaluate' in value;
}

function isListSource(value: unknown): value is ListSource {
  return typeof value === 'object' && value !== null && 'template' in value;
}

function escape(text: Octets): Octets {
  return printable(text, { escapeHigh: true });
}

function unquoted(raw: Octets): Octets {
  return raw.startsWith('"') ? (scanQuoted(raw, 0)?.value ?? raw) : raw;
}

/** With the largest unit that leaves nothing over. `base` is what the value counts. */
function sizeText(value: number, base: 1 | 1024, units: readonly string[]): Octets {
  if (value === 0) return '0';
  let index = base === 1 ? 0 : 1;
  let rest = value;
  while (index + 1 < units.length && rest % 1024 === 0) {
    rest /= 1024;
    index++;
  }
  return `${rest}${units[index] ?? ''}`;
}

function fixedText(value: number): Octets {
  const thousandths = Math.round(value * 1000);
  const decimals = String(thousandths % 1000)
    .padStart(3, '0')
    .replace(/0{1,2}$/, '');
  return `${Math.floor(thousandths / 1000)}.${decimals}`;
}

function accountText(kind: 'user' | 'group', text: Octets, accounts: Accounts): Octets {
  if (!/^[0-9]{1,10}$/.test(text)) return escape(text);
  const id = Number.parseInt(text, 10);
  const found = kind === 'user' ? accounts.userById(id) : accounts.groupById(id);
  return found.kind === 'ok' && found.value ? found.value.name : text;
}

/** Several settings put together, and the items of lists, as Exim does when it reads them. */
function joinRepeated(values: readonly Octets[], joiner: OptionSpec<unknown>['joiner']): Octets {
  const [first = '', ...others] = values;
  switch (joiner) {
    case 'and':
      return others.reduce((before, value) => `\${if and{{bool_lax{${before}}}{bool_lax{${value}}}}}`, first);
    case ':':
    case ';':
    case '\n':
      return values
        .flatMap((value) => parseList(/^[ \t]*</.test(value) || joiner === ':' ? value : `<${joiner}${value}`).items)
        .map((item) => quoteListItem(item, joiner))
        .join(joiner);
    default:
      return values.join('\n');
  }
}

// ---------------------------------------------------------------- -bP config

function printConfigLines({ lines, isAdmin, isValueOnly, version, headingVersion }: PrintParts): Octets[] {
  const result = [`# Exim Configuration (${headingVersion ?? version})`];
  let section = 'main';
  let indent = '';
  const push = (isHeading: boolean, level: string, text: Octets): void => {
    if (isHeading && !isValueOnly) result.push('');
    result.push(isValueOnly ? text : level + text);
  };
  for (const line of lines) {
    if (line.kind === 'place') {
      result.push(`# ${line.line} "${line.file}"`);
      continue;
    }
    const text = line.text.replace(/[ \t\n\v\f\r]+/g, ' ');
    const begin = /^begin (.*)$/.exec(text);
    if (begin) {
      section = begin[1] ?? '';
      indent = '  ';
      push(true, '', text);
    } else if (indent !== '' && hasNames(section) && /^[A-Za-z][A-Za-z0-9_]* ?:/.test(text)) {
      indent = '    ';
      push(true, '  ', text);
    } else {
      push(false, indent, isAdmin ? text : withoutHidden(text));
    }
  }
  return result;
}

function hasNames(section: string): boolean {
  return !/^re(?:try|write)/.test(section);
}

/** For others than administrators: neither hidden values nor macros. */
function withoutHidden(text: Octets): Octets {
  if (!text.startsWith('hide ') && !/^[A-Z][A-Za-z0-9_]* ?=/.test(text)) return text;
  const equals = text.indexOf('=');
  return equals < 0 ? HIDDEN : `${text.slice(0, equals + 1)} ${HIDDEN}`;
}
