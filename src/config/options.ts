/** Reads one option setting against the tables that may hold it, and makes typed values. Spec ch. 6 "Common option syntax" and what follows it. */

import { parseList } from '../base/list-text.ts';
import { didYouMean } from '../base/nearest-name.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase, skipSpace, trimSpace } from '../base/octets.ts';
import { parseTimeSpan } from '../base/time-span.ts';
import type { ListSource, OptionSetting, Template, TemplateCompiler } from '../core/config.ts';
import type { NotYetScope, OptionKind, OptionSpec, OptionTable } from '../core/option.ts';
import type { Accounts } from '../core/ports.ts';
import type { SourceLocation } from '../core/source.ts';
import type { LogicalLine } from './lines.ts';
import { type NumberReading, readFixed, readInteger, readKibibytes, readOctal } from './numbers.ts';
import type { Problems } from './problems.ts';
import { commentHint, scanName, scanQuoted } from './scan.ts';

/** Where the options of a table are collected: the main section, the generic or the private options of an instance. */
export interface OptionTarget {
  readonly table: OptionTable;
  readonly values: Map<string, unknown>;
  readonly settings: Map<string, OptionSetting>;
  /** The names by which options were set: a synonym may follow, the same name may not. */
  readonly spellings: Set<string>;
  /** `"condition" option of the router foo`. */
  what(name: string): string;
}

/** An account list with expansions, read when the rest of the main section is known. */
export interface PendingIds {
  readonly target: OptionTarget;
  readonly name: string;
  readonly kind: 'user-list' | 'group-list';
  readonly template: Template;
}

export interface OptionContext {
  /** Once the main section is complete; of it defaults may be made. */
  primaryHostname?: Octets | undefined;
  readonly compiler: TemplateCompiler;
  readonly accounts: Accounts;
  readonly problems: Problems;
  /** Filled here. */
  readonly pending: PendingIds[];
  /** Filled here: what the defaults of a table are, for all instances of a driver. */
  readonly defaults: Map<OptionTable, TableDefaults>;
}

/** How the values of a table begin. */
interface TableDefaults {
  /** In the order of the table; of those that are `made` it holds nothing yet. */
  readonly plain: Readonly<Record<string, unknown>>;
  /** Text that each target compiles for itself: messages name the target. */
  readonly made: readonly (readonly [name: string, spec: OptionSpec<unknown>])[];
  readonly derived: readonly (readonly [name: string, spec: OptionSpec<unknown>])[];
}

/** Exim's text for a name that no table has. */
export type UnknownOption = (name: string) => string;

/** Reads a whole line; what is wrong goes to `context.problems`. The name of the option that was set, if it could be. */
export function readOption(
  line: LogicalLine,
  targets: readonly OptionTarget[],
  unknown: UnknownOption,
  context: OptionContext,
): string | undefined {
  const { text } = line;
  const start = /^hide(?:[ \t]|$)/.test(text) ? skipSpace(text, 4) : 0;
  const written = scanName(text, start);
  if (written === '') {
    context.problems.error(start > 0 ? unknown('') : `option setting expected: ${text}`, line.at);
    return undefined;
  }
  const found = findOption(written, targets);
  const at = line.locate(start);
  if (!found) {
    const names = targets.flatMap((target) => Object.keys(target.table));
    const suggestion = didYouMean(written, names) ?? didYouMean(written.replace(/^not?_/, ''), names);
    context.problems.error(unknown(written), at, { subject: written, suggestion });
    return undefined;
  }
  const { target, name, spec, isNegated } = found;
  const spelling = isNegated ? written.replace(/^not?_/, '') : written;
  if (target.spellings.has(spelling) && spec.kind !== 'repeatable-string') {
    context.problems.error(`"${written}" option set for the second time`, at, {
      subject: name,
      suggestion: `it was set in line ${target.settings.get(name)?.at.line}`,
    });
    return undefined;
  }
  if (isNegated && !isBoolean(spec.kind)) {
    context.problems.error('negation prefix applied to a non-boolean option', at, { subject: name });
    return undefined;
  }
  const reading: ValueReading = {
    key: name,
    name: spelling,
    written,
    spec,
    target,
    line,
    from: skipSpace(text, start + written.length),
    context,
  };
  const value = isBoolean(spec.kind) ? readBoolean(reading, isNegated) : readValue(reading);
  if (value === undefined) return undefined;
  const earlier = target.settings.get(name);
  target.settings.set(name, {
    at: value.at,
    isHidden: start > 0 || (earlier?.isHidden ?? false),
    raw: earlier && spec.kind === 'repeatable-string' ? `${earlier.raw}\n${value.raw}` : value.raw,
    ...(spec.kind === 'repeatable-string' ? { places: [...(earlier?.places ?? []), value.at] } : {}),
  });
  target.spellings.add(spelling);
  store(reading, value.value);
  return name;
}

function store({ key: name, spec, target }: ValueReading, value: unknown): void {
  if (spec.kind === 'repeatable-string')
    target.values.set(name, [...((target.values.get(name) as readonly Octets[] | undefined) ?? []), value]); // only strings are put there
  else target.values.set(name, value);
  for (const other of spec.sets ?? []) target.values.set(other, value);
}

interface FoundOption {
  readonly target: OptionTarget;
  readonly name: string;
  readonly spec: OptionSpec<unknown>;
  readonly isNegated: boolean;
}

function findOption(written: string, targets: readonly OptionTarget[]): FoundOption | undefined {
  const plain = findNamed(written, targets);
  if (plain) return { ...plain, isNegated: false };
  const prefix = /^not?_/.exec(written)?.[0];
  const negated = prefix === undefined ? undefined : findNamed(written.slice(prefix.length), targets);
  return negated && { ...negated, isNegated: true };
}

function findNamed(written: string, targets: readonly OptionTarget[]): Omit<FoundOption, 'isNegated'> | undefined {
  for (const target of targets) {
    const spec = Object.hasOwn(target.table, written) ? target.table[written] : undefined;
    if (spec) return { target, name: written, spec };
  }
  for (const target of targets) {
    for (const [name, spec] of Object.entries(target.table)) if (spec.synonyms?.includes(written)) return { target, name, spec };
  }
  return undefined;
}

function isBoolean(kind: OptionKind): boolean {
  return kind === 'boolean' || kind === 'expanded-boolean';
}

interface ValueReading {
  /** In its table. */
  readonly key: string;
  /** As messages call it: perhaps a synonym. */
  readonly name: string;
  /** With its `no_`. */
  readonly written: string;
  readonly spec: OptionSpec<unknown>;
  readonly target: OptionTarget;
  readonly line: LogicalLine;
  /** Behind the name and white space. */
  readonly from: number;
  readonly context: OptionContext;
}

interface ReadValue {
  readonly value: unknown;
  readonly raw: Octets;
  readonly at: SourceLocation;
}

// Spec ch. 6 "Boolean options"
const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ['', true],
  ['true', true],
  ['yes', true],
  ['false', false],
  ['no', false],
]);

function readBoolean(reading: ValueReading, isNegated: boolean): ReadValue | undefined {
  const { line, from, written, key, name, spec, context } = reading;
  const rest = line.text.slice(from);
  const at = line.locate(from);
  const extra = (behind: string, text: Octets): undefined => {
    context.problems.error(`extra characters follow ${behind}boolean option ${written}${commentHint(text)}`, at, {
      subject: name,
      suggestion: isNegated ? undefined : `write "${name} = …", or only "${name}" or "no_${name}"`,
    });
  };
  if (rest === '') return { value: !isNegated, raw: isNegated ? 'false' : 'true', at };
  if (isNegated || !rest.startsWith('=')) return extra('', rest);
  const valueFrom = skipSpace(line.text, from + 1);
  const raw = line.text.slice(valueFrom);
  const valueAt = line.locate(valueFrom);
  if (spec.kind === 'expanded-boolean' && raw.includes('$')) {
    const string = readString({ ...reading, from: valueFrom });
    return string && { value: context.compiler.template(string.value, valueAt, reading.target.what(key)), raw, at: valueAt };
  }
  const word = scanName(raw, 0);
  const value = TRUTH.get(lowerCase(word));
  if (value === undefined || (word === '' && raw !== '')) {
    context.problems.error(`"${word}" is not a valid value for the "${name}" option`, valueAt, {
      subject: name,
      suggestion: 'write true, false, yes or no',
    });
    return undefined;
  }
  const behind = trimSpace(raw.slice(word.length));
  return behind === '' ? { value, raw, at: valueAt } : extra(`"${word}" for `, behind);
}

function readValue(reading: ValueReading): ReadValue | undefined {
  const { line, from, name, context } = reading;
  if (line.text[from] !== '=') {
    const message = from >= line.text.length ? `unexpected end of line (data missing) after ${name}` : `missing "=" after ${name}`;
    context.problems.error(message, line.locate(from), { subject: name });
    return undefined;
  }
  const valueFrom = skipSpace(line.text, from + 1);
  const value = convert({ ...reading, from: valueFrom });
  return value === undefined ? undefined : { value, raw: line.text.slice(valueFrom), at: line.locate(valueFrom) };
}

/** The typed value, or undefined when it is wrong (said already). */
function convert(reading: ValueReading): unknown {
  const { name, spec } = reading;
  switch (spec.kind) {
    case 'integer':
    case 'size':
      return readNumber(reading, readInteger);
    case 'kib':
      return readNumber(reading, readKibibytes);
    case 'octal':
      return readNumber(reading, readOctal);
    case 'fixed':
      return readNumber(reading, readFixed);
    case 'time':
      return readTime(reading);
    case 'time-list':
      return readTimes(reading);
    case 'expanded-time':
      return readExpandedTime(reading);
    case 'user':
    case 'group':
      return readAccount(reading, spec.kind);
    case 'user-list':
    case 'group-list':
      return readAccounts(reading, spec.kind);
    case 'boolean':
    case 'expanded-boolean':
      return undefined; // readBoolean does these
    default: {
      const string = readString(reading);
      return string && convertString(string, name, reading, spec.kind);
    }
  }
}

interface StringValue {
  readonly value: Octets;
  readonly at: SourceLocation;
}

function convertString({ value, at }: StringValue, name: string, { key, spec, target, context }: ValueReading, kind: OptionKind): unknown {
  const compile = (): Template => context.compiler.template(value, at, target.what(key));
  const malformed = spec.problemOf?.(value);
  if (malformed !== undefined) {
    context.problems.error(malformed, at, { subject: name });
    return undefined;
  }
  switch (kind) {
    case 'expanded-string':
      return compile();
    case 'list':
      return { kind: spec.listKind ?? 'string', template: compile() } satisfies ListSource;
    case 'string-list':
      return parseList(value).items;
    default:
      return value;
  }
}

/** A string with or without quotes. Spec ch. 6 "String values". */
function readString({ line, from, name, context }: ValueReading): StringValue | undefined {
  return readStringAt(line, from, name, context.problems);
}

/** Also used for named lists; undefined when it is malformed (said already). */
export function readStringAt(line: LogicalLine, from: number, name: string, problems: Problems): StringValue | undefined {
  const at = line.locate(from);
  if (line.text[from] !== '"') return { value: line.text.slice(from), at };
  const quoted = scanQuoted(line.text, from);
  if (!quoted) {
    problems.error(`missing quote at end of string value for ${name}`, at, { subject: name });
    return undefined;
  }
  if (trimSpace(line.text.slice(quoted.end)) !== '') {
    problems.error(`extra characters follow string value for ${name}`, line.locate(skipSpace(line.text, quoted.end)), { subject: name });
    return undefined;
  }
  return { value: quoted.value, at };
}

function readNumber(
  { line, from, name, spec, context }: ValueReading,
  read: (text: Octets, name: string) => NumberReading,
): number | undefined {
  const result = read(line.text.slice(from), name);
  if (result.kind === 'ok') return result.value;
  context.problems.error(result.message, line.locate(from), { subject: name, suggestion: numberAdvice(spec.kind) });
  return undefined;
}

function numberAdvice(kind: OptionKind): string {
  switch (kind) {
    case 'octal':
      return 'a mode has the digits 0 to 7, like 0660';
    case 'fixed':
      return 'write a number like 2 or 1.5';
    default:
      return 'write a number like 20 or 50M';
  }
}

function readTime({ line, from, name, context }: ValueReading): number | undefined {
  const text = line.text.slice(from);
  const seconds = parseTimeSpan(text);
  if (seconds === undefined) timeProblem(name, text, line.locate(from), context.problems);
  return seconds;
}

/** A time, or a string to expand. Quotes are no part of either. */
function readExpandedTime({ key, name, line, from, target, context }: ValueReading): Template | undefined {
  const value = line.text.slice(from);
  const at = line.locate(from);
  const isTime = value.startsWith('"') || !value.includes('$');
  if (isTime && parseTimeSpan(trimSpace(value)) === undefined) return timeProblem(name, value, at, context.problems);
  return context.compiler.template(value, at, target.what(key));
}

/** `2h:6h:1d`, without quotes; a first 0s turns the option off. */
function readTimes({ name, line, from, context }: ValueReading): readonly number[] | undefined {
  const value = line.text.slice(from);
  const at = line.locate(from);
  if (value === '') return [];
  const times: number[] = [];
  for (const item of value.split(':')) {
    const seconds = parseTimeSpan(trimSpace(item));
    if (seconds === undefined) return timeProblem(name, item, at, context.problems);
    if (times.length > 0 && seconds <= (times.at(-1) ?? 0)) {
      context.problems.error(`time value out of order for ${name}`, at, { subject: name });
      return undefined;
    }
    times.push(seconds);
  }
  return times[0] === 0 ? [] : times;
}

function timeProblem(name: string, text: Octets, at: SourceLocation, problems: Problems): undefined {
  const suggestion = /^[0-9]+$/.test(text) ? `a unit is missing: ${text}s, ${text}m, ${text}h, …` : 'a time is written like 1d12h or 30m';
  problems.error(`invalid time value for ${name}`, at, { subject: name, suggestion });
}

// Spec ch. 6 "User and group names"

function readAccount(reading: ValueReading, kind: 'user' | 'group'): Template | undefined {
  const string = readString(reading);
  if (!string) return undefined;
  const { key, name, spec, target, context } = reading;
  const isExpanded = string.value.includes('$') && !spec.isNeverExpanded;
  if (!isExpanded && findId(kind, string.value, name, string.at, context) === undefined) return undefined;
  return context.compiler.template(string.value, string.at, target.what(key));
}

function readAccounts(reading: ValueReading, kind: 'user-list' | 'group-list'): readonly number[] | undefined {
  const string = readString(reading);
  if (!string) return undefined;
  const { key, name, target, context } = reading;
  if (string.value.includes('$')) {
    context.pending.push({ target, name: key, kind, template: context.compiler.template(string.value, string.at, target.what(key)) });
    return [];
  }
  return readIds(kind, string.value, name, string.at, context);
}

/** The ids of a list of names and numbers; undefined when one does not exist (said already). */
export function readIds(
  kind: 'user-list' | 'group-list',
  list: Octets,
  option: string,
  at: SourceLocation,
  context: OptionContext,
): readonly number[] | undefined {
  const ids = parseList(list).items.map((item) => findId(kind === 'user-list' ? 'user' : 'group', item, option, at, context));
  const known = ids.filter((id) => id !== undefined);
  return known.length === ids.length ? known : undefined;
}

function findId(kind: 'user' | 'group', name: Octets, option: string, at: SourceLocation, context: OptionContext): number | undefined {
  const id = accountId(kind, name, context.accounts);
  if (typeof id === 'number') return id;
  const reason = id === undefined ? undefined : `the accounts could not be read: ${id.failure}`;
  context.problems.error(`${kind} ${name} was not found`, at, { subject: option, suggestion: reason ?? accountAdvice(kind) });
  return undefined;
}

export function accountAdvice(kind: 'user' | 'group'): string {
  return `make the ${kind}, or write the number of one`;
}

/** A number as it stands, or what the accounts say; undefined when there is no such name. */
export function accountId(kind: 'user' | 'group', name: Octets, accounts: Accounts): number | { readonly failure: string } | undefined {
  if (/^[0-9]{1,10}$/.test(name)) return Number.parseInt(name, 10);
  const found = kind === 'user' ? accounts.userByName(name) : accounts.groupByName(name);
  if (found.kind !== 'ok') return { failure: found.kind === 'forced-fail' ? 'refused' : found.message };
  if (found.value === undefined) return undefined;
  return 'uid' in found.value ? found.value.uid : found.value.gid;
}

/** The values of a whole table: what was set, else the defaults. `others` are what derived defaults may look at besides. */
export function completeValues(
  target: OptionTarget,
  context: OptionContext,
  overrides: Readonly<Record<string, unknown>> = {},
  others: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { compiler, primaryHostname } = context;
  const { plain, made, derived } = defaultsOf(target.table, context);
  const values: Record<string, unknown> = { ...plain };
  const isSet = (name: string): boolean => target.values.has(name);
  for (const [name, spec] of made) if (!isSet(name)) values[name] = compiledDefault(spec.defaultText, name, spec, target, compiler);
  for (const [name, value] of Object.entries(overrides)) if (Object.hasOwn(plain, name)) values[name] = value;
  for (const [name, value] of target.values) values[name] = value;
  for (const [name, spec] of derived) {
    if (isSet(name)) continue;
    const known = { ...others, primary_hostname: primaryHostname, ...values };
    values[name] = compiledDefault(spec.derive?.(known, isSet), name, spec, target, compiler);
  }
  return values;
}

const DEFAULT_LOCATION: SourceLocation = { file: '(default)', line: 1, column: 1 };

function defaultsOf(table: OptionTable, { defaults }: OptionContext): TableDefaults {
  const known = defaults.get(table);
  if (known) return known;
  const entries = Object.entries(table);
  const plain: Record<string, unknown> = {};
  for (const [name, spec] of entries) plain[name] = spec.default;
  const found = {
    plain,
    made: entries.filter(([, spec]) => spec.defaultText !== undefined),
    derived: entries.filter(([, spec]) => spec.derive !== undefined),
  };
  defaults.set(table, found);
  return found;
}

/** Text becomes what the option's kind makes of it. */
function compiledDefault(
  value: unknown,
  name: string,
  spec: OptionSpec<unknown>,
  target: OptionTarget,
  compiler: TemplateCompiler,
): unknown {
  if (typeof value !== 'string') return value;
  if (spec.kind !== 'list' && spec.kind !== 'expanded-string' && spec.kind !== 'expanded-time') return value;
  const template = compiler.template(value, DEFAULT_LOCATION, target.what(name));
  return spec.kind === 'list' ? { kind: spec.listKind ?? 'string', template } : template;
}

export interface NotYetOption {
  readonly name: string;
  readonly scope: NotYetScope;
}

/** Options of the target that are set to something else than their default and are not built yet. */
export function notYetOptions(target: OptionTarget): readonly NotYetOption[] {
  return [...target.settings.keys()].flatMap((name) => {
    const spec = target.table[name];
    const isBuilt = spec?.notYetFor ? !spec.notYetFor(Object.fromEntries(target.values)) : target.values.get(name) === spec?.default;
    return spec?.notYet === undefined || isBuilt ? [] : [{ name, scope: spec.notYet }];
  });
}

/** How it is said: only tuning is without effect, the rest makes mail wait. */
export function notYetText(option: string, scope: NotYetScope): string {
  return scope === 'notice' ? `${option} has no effect yet` : `${option} is not built yet`;
}
