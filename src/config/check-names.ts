/**
 * Checks of what lists and expansions name: named lists, networks, regular expressions, ACLs. Exim finds these when it evaluates them.
 * Spec ch. 10, ch. 11.
 */
import { parseIp } from '../base/ip.ts';
import { parseList } from '../base/list-text.ts';
import { didYouMean } from '../base/nearest-name.ts';
import type { Octets } from '../base/octets.ts';
import type { Config, ListKind, ListSource, Mention, NamedListKind, Template } from '../core/config.ts';
import type { Regexes } from '../core/ports.ts';
import { advance, type Problem, type SourceLocation } from '../core/source.ts';

/** A list as it is written, and of what kind it is. */
export interface WrittenList {
  readonly kind: ListKind;
  readonly source: Octets;
  /** When nothing in it is expanded. */
  readonly constant: Octets | undefined;
  readonly at: SourceLocation;
}

const NAMED: ReadonlyMap<ListKind, { readonly lists: NamedListKind; readonly title: string }> = new Map([
  ['domain', { lists: 'domainlist', title: 'domain' }],
  ['host', { lists: 'hostlist', title: 'host' }],
  ['address', { lists: 'addresslist', title: 'address' }],
  ['localpart', { lists: 'localpartlist', title: 'local part' }],
]);

/** Items with a plus sign that are no names. */
const SPECIAL: ReadonlySet<string> = new Set(['caseful', 'include_defer', 'include_unknown', 'ignore_defer', 'ignore_unknown']);

export function checkLists(lists: readonly WrittenList[], config: Config, regexes: Regexes): readonly Problem[] {
  return lists.flatMap(({ kind, source, constant, at }) => {
    const items = itemsOf(source);
    const texts = constant === undefined ? undefined : parseList(constant).items;
    return items.flatMap(({ item, offset }, index) => {
      const place = advance(at, offset);
      // What the expansion made of the item, where its number is the same.
      const text = texts?.length === items.length ? withoutNegation(texts[index] ?? '') : '';
      return [
        ...namedListProblems(item, kind, place, config),
        ...networkProblems(item, kind, place),
        ...patternProblems(text, place, regexes),
      ];
    });
  });
}

/** Regular expressions, lists and names of ACLs that stand in expansions as they are. */
export function checkMentions(mentions: readonly Mention[], config: Config, regexes: Regexes): readonly Problem[] {
  return mentions.flatMap(({ kind, constant, at }) => {
    if (constant === undefined) return [];
    switch (kind) {
      case 'regex':
        return regexProblem(constant, at, regexes);
      case 'acl':
        return missingAcl(constant, config).map((problem) => ({ ...problem, at }));
      case 'file':
      case 'query':
        return [];
      default:
        return checkLists([{ kind, source: constant, constant, at }], config, regexes);
    }
  });
}

export function mentionsOf(templates: readonly Template[]): readonly Mention[] {
  return templates.flatMap((template) => (template.source.includes('$') ? (template.mentions?.() ?? []) : []));
}

/** A single word that is no verb can only be a name; everything else is expanded, a file or an ACL itself. */
export function missingAcl(text: Octets, config: Config): Omit<Problem, 'at'>[] {
  const name = /^[A-Za-z][A-Za-z0-9_]*(?=$|[ \t])/.exec(text)?.[0];
  if (name === undefined || /^(?:accept|defer|deny|discard|drop|require|warn)$/.test(name) || config.acls.has(name)) return [];
  if (text.length > name.length && /[\n=]/.test(text)) return [];
  const suggestion = didYouMean(name, config.acls.keys()) ?? `write an ACL "${name}:" in the section acl`;
  return [{ severity: 'warning', message: `there is no ACL called "${name}"`, subject: name, suggestion }];
}

function withoutNegation(item: Octets): Octets {
  return item.replace(/^![ \t\n]*/, '');
}

/** Items as they are written, without negation, and where they begin. Braces hold separators together. */
function itemsOf(source: Octets): readonly { readonly item: Octets; readonly offset: number }[] {
  const { separator } = parseList(source);
  const start = /^[ \t\n]*<.?/.exec(source)?.[0].length ?? 0;
  const items: { readonly item: Octets; readonly offset: number }[] = [];
  let from = start;
  let depth = 0;
  for (let at = start; at <= source.length; at++) {
    if (source[at] === '{') depth++;
    else if (source[at] === '}') depth--;
    if (at < source.length && (depth > 0 || source[at] !== separator)) continue;
    if (source[at + 1] === separator && separator !== '\n') {
      at++; // doubled: one literal character of the item
      continue;
    }
    const whole = source.slice(from, at);
    const blank = /^[ \t\n]*!?[ \t\n]*/.exec(whole)?.[0].length ?? 0;
    const item = whole
      .slice(blank)
      .replace(/[ \t\n]+$/, '')
      .replaceAll(separator + separator, separator);
    if (at < source.length || whole.slice(blank) !== '') items.push({ item, offset: from + blank });
    from = at + 1;
  }
  return items;
}

function namedListProblems(item: Octets, kind: ListKind, at: SourceLocation, { namedLists }: Config): Problem[] {
  const name = /^\+([A-Za-z0-9_]+)$/.exec(item)?.[1];
  const named = NAMED.get(kind);
  if (name === undefined || !named || SPECIAL.has(name)) return [];
  const known = namedLists[named.lists];
  // an address list takes a domain list too
  if (known.has(name) || (kind === 'address' && namedLists.domainlist.has(name))) return [];
  const other = [...NAMED.values()].find(({ lists }) => namedLists[lists].has(name));
  const suggestion = other
    ? `"${name}" is a ${other.lists}`
    : (didYouMean(name, known.keys()) ?? `write "${named.lists} ${name} = ..." in the main section`);
  return [{ severity: 'warning', message: `unknown named ${named.title} list "+${name}"`, at, subject: name, suggestion }];
}

function networkProblems(item: Octets, kind: ListKind, at: SourceLocation): Problem[] {
  const network = kind === 'host' ? /^([0-9A-Fa-f.:]+)\/([0-9]+)$/.exec(item) : null;
  const address = network && parseIp(network[1] ?? '');
  if (!network || !address) return [];
  const bits = address.length * 8;
  if (Number.parseInt(network[2] ?? '', 10) <= bits) return [];
  return [
    {
      severity: 'warning',
      message: `invalid netmask in "${item}"`,
      at,
      subject: item,
      suggestion: `the number behind the slash is at most ${bits}`,
    },
  ];
}

function patternProblems(item: Octets, at: SourceLocation, regexes: Regexes): Problem[] {
  return item.startsWith('^') ? regexProblem(item, at, regexes) : [];
}

export function regexProblem(pattern: Octets, at: SourceLocation, regexes: Regexes): Problem[] {
  const compiled = regexes.compile(pattern);
  if (compiled.kind === 'ok') return [];
  const { message, offset } = compiled;
  const suggestion = `look at: ${pattern.slice(Math.max(0, offset - 20), offset)} <-- here`;
  return [
    { severity: 'warning', message: `regular expression error: ${message} at offset ${offset} while compiling ${pattern}`, at, suggestion },
  ];
}

/** A list option or named list. */
export function writtenList({ kind, template }: ListSource): WrittenList {
  return { kind, source: template.source, constant: template.constant, at: template.at };
}
