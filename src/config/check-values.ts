/** Checks of option values: expansions that do not compile, regular expressions, comments behind values. */

import { parseInterface } from '../base/interface.ts';
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import type { Config, ListKind, ListSource, NamedListKind, OptionSetting, Template, TemplateCompiler } from '../core/config.ts';
import type { DriverInstance } from '../core/drivers.ts';
import type { Regexes } from '../core/ports.ts';
import { advance, type Problem } from '../core/source.ts';
import { regexProblem, type WrittenList, writtenList } from './check-names.ts';

type Instance = DriverInstance<Readonly<Record<string, unknown>>>;

export function instancesOf(config: Config): readonly Instance[] {
  return [...config.routers, ...config.transports.values(), ...config.authenticators];
}

/** Every template that was written in the configuration, defaults left out. */
export function templatesOf(config: Config, compiler: TemplateCompiler): readonly Template[] {
  const lists = Object.values(config.namedLists).flatMap((named) => [...named.values()].map((list) => list.template));
  const instances = instancesOf(config).flatMap((instance) => [
    ...templatesIn(instance.generic, instance.settings),
    ...templatesIn(instance.own, instance.settings),
    ...repeated(instance, compiler),
  ]);
  const rules = config.rewriteRules.flatMap((rule) => [rule.patternTemplate, rule.replacement]);
  return [
    ...templatesIn(config.main, config.mainSettings),
    ...lists,
    ...instances,
    ...rules,
    ...config.retryRules.flatMap((rule) => rule.senders?.template ?? []),
  ];
}

function templatesIn(values: Readonly<Record<string, unknown>>, settings: ReadonlyMap<string, OptionSetting>): Template[] {
  return [...settings.keys()].flatMap((name) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (isTemplate(value)) return [value];
    return typeof value === 'object' && value !== null && 'template' in value && isTemplate(value.template) ? [value.template] : [];
  });
}

/** Options that may be given several times are kept as text. */
function repeated(instance: Instance, compiler: TemplateCompiler): Template[] {
  const texts = ['condition', 'headers_add', 'headers_remove', 'set'];
  return texts.flatMap((name) => {
    const value = instance.generic[name];
    const setting = instance.settings.get(name);
    if (!Array.isArray(value) || !setting) return [];
    return value.map((text: Octets, index) =>
      compiler.template(text, setting.places?.[index] ?? setting.at, `"${name}" option of ${instance.name}`),
    );
  });
}

function isTemplate(value: unknown): value is Template {
  return typeof value === 'object' && value !== null && 'source' in value && 'evaluate' in value;
}

/** What Exim finds only when it expands. */
export function checkExpansions(templates: readonly Template[]): readonly Problem[] {
  return templates.flatMap((template) =>
    template.constant === undefined ? template.problems().map((problem) => ({ ...problem, subject: template.what })) : [],
  );
}

/** What Exim finds when its daemon starts. */
export function checkInterfaces({ main, mainSettings }: Config): readonly Problem[] {
  const setting = mainSettings.get('local_interfaces');
  if (!setting) return [];
  const malformed = parseList(main.local_interfaces).items.filter((item) => parseInterface(item) === undefined);
  return malformed.map((item) => ({
    severity: 'warning',
    message: `Malformed IP address "${item}" in local_interfaces`,
    at: setting.at,
    subject: 'local_interfaces',
    suggestion: 'an item is an address, with a port like 192.0.2.1.587 or [2001:db8::1]:587',
  }));
}

/** Options whose value is a regular expression. */
const REGEX_OPTIONS = ['dns_check_names_pattern', 'gecos_pattern', 'uucp_from_pattern'] as const;

/** Regular expressions that do not compile, in options that hold one and in rules. */
export function checkRegexes(config: Config, compiler: TemplateCompiler, regexes: Regexes): readonly Problem[] {
  const inOptions = REGEX_OPTIONS.flatMap((name) => {
    const setting = config.mainSettings.get(name);
    return setting ? regexProblem(config.main[name] ?? '', setting.at, regexes).map((problem) => ({ ...problem, subject: name })) : [];
  });
  const patterns = [
    ...config.rewriteRules.map((rule) => rule.patternTemplate),
    ...config.retryRules.map(({ pattern, at }) => compiler.template(pattern, at, 'pattern of a retry rule')),
  ];
  const inRules = patterns.flatMap(({ constant, at }) => (constant?.startsWith('^') ? regexProblem(constant, at, regexes) : []));
  return [...inOptions, ...inRules];
}

/** Lists as they were written: named ones, and options of the main section and of drivers. */
export function listsOf(config: Config): readonly WrittenList[] {
  const named = (Object.keys(NAMED_KINDS) as NamedListKind[]).flatMap((kind) =>
    [...config.namedLists[kind].values()].map(({ template }) => writtenList({ kind: NAMED_KINDS[kind], template })),
  );
  const instances = instancesOf(config).flatMap((instance) => [
    ...listsIn(instance.generic, instance.settings),
    ...listsIn(instance.own, instance.settings),
  ]);
  return [...listsIn(config.main, config.mainSettings), ...named, ...instances];
}

const NAMED_KINDS: Readonly<Record<NamedListKind, ListKind>> = {
  domainlist: 'domain',
  hostlist: 'host',
  addresslist: 'address',
  localpartlist: 'localpart',
};

function listsIn(values: Readonly<Record<string, unknown>>, settings: ReadonlyMap<string, OptionSetting>): WrittenList[] {
  return [...settings.keys()].flatMap((name) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return isListSource(value) ? [writtenList(value)] : [];
  });
}

function isListSource(value: unknown): value is ListSource {
  return typeof value === 'object' && value !== null && 'template' in value && 'kind' in value && isTemplate(value.template);
}

/** A `#` begins a comment only at the start of a line; behind a value it belongs to it. */
export function checkTrailingComments(config: Config): readonly Problem[] {
  const settings = [...config.mainSettings.values(), ...instancesOf(config).flatMap((instance) => [...instance.settings.values()])];
  const texts = [
    ...settings,
    ...Object.values(config.namedLists).flatMap((lists) =>
      [...lists.values()].map((list) => ({ raw: list.template.source, at: list.template.at })),
    ),
  ];
  return texts.flatMap(({ raw, at }) => {
    const comment = trailingComment(raw);
    if (comment === undefined) return [];
    const suggestion = `write the comment on a line of its own, and the value as: ${raw.slice(0, comment)}`;
    return [
      {
        severity: 'warning',
        message: 'a comment behind a value is part of the value',
        at: advance(at, comment + 1),
        suggestion,
      } satisfies Problem,
    ];
  });
}

/** Where white space and `#` and more white space stand outside of braces and quotes. */
function trailingComment(raw: Octets): number | undefined {
  if (raw.startsWith('"')) return undefined;
  let depth = 0;
  for (let at = 0; at < raw.length; at++) {
    const char = raw[at];
    if (char === '{') depth++;
    else if (char === '}') depth--;
    else if (char === '#' && depth === 0 && /[ \t]$/.test(raw.slice(0, at)) && /^#+(?:[ \t]|$)/.test(raw.slice(at)))
      return raw.slice(0, at).replace(/[ \t]+$/, '').length;
  }
  return undefined;
}
