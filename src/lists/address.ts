/** Patterns of address lists. Spec ch. 10 "Address lists", "Case of letters in address lists". */
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase, skipSpace } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { mailOf } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain, chainEach } from '../core/maybe-promise.ts';
import type { Text } from '../core/text.ts';
import { concatText, emptyText, sameSpans, sliceText, untainted } from '../core/text.ts';
import type { ItemVerdict, LookupItem, Matcher } from './pattern.ts';
import { deferLogged, noMatch, obeyLookup, readLookupItem, regexMatcher, stringMatcher, stringSubject } from './pattern.ts';

export interface AddressToMatch {
  /** local_part@domain as it came, or ''. */
  readonly text: Text;
  /** All lower case, or only the domain when the comparison is caseful. */
  readonly folded: Text;
  readonly isCaseful: boolean;
  readonly localPart: Text;
  readonly domain: Text;
  readonly hasAt: boolean;
}

/** Matches the domain of an address against one domain pattern, `!` and `+name` included. `isCaseful`: the pattern's letters must be lower case. */
export type MatchDomainPattern = (pattern: Text, domain: Text, frame: Frame, isCaseful: boolean) => MaybePromise<ItemVerdict>;

const maxChain = 50;

export function addressToMatch(text: Text, isCaseful: boolean): AddressToMatch {
  const at = text.octets.lastIndexOf('@');
  const hasAt = at >= 0;
  const local = sliceText(text, 0, hasAt ? at : text.octets.length);
  const domain = hasAt ? sliceText(text, at + 1) : untainted('');
  const localPart = isCaseful ? local : sameSpans(lowerCase(local.octets), local);
  const foldedDomain = sameSpans(lowerCase(domain.octets), domain);
  return {
    text,
    folded: hasAt ? concatText([localPart, untainted('@'), foldedDomain]) : localPart,
    isCaseful,
    localPart,
    domain: foldedDomain,
    hasAt,
  };
}

export function addressMatcher(pattern: Text, frame: Frame, matchDomain: MatchDomainPattern): Matcher<AddressToMatch> {
  const { octets } = pattern;
  if (octets === '') return (subject) => (subject.text.octets === '' ? { kind: 'match', data: pattern } : noMatch);
  if (octets.startsWith('^')) return wholeAddressRegex(pattern);
  if (octets.startsWith('@@') && octets.includes(';')) return domainKeyMatcher(sliceText(pattern, 2), frame);
  const lookup = readWholeAddressLookup(pattern, frame);
  if (lookup) return lookup;
  return withAt(pattern, partsMatcher(pattern, matchDomain));
}

/** The data is empty, as in Exim. */
function wholeAddressRegex(pattern: Text): Matcher<AddressToMatch> {
  const match = regexMatcher(pattern);
  return (subject, frame) =>
    chain(match(stringSubject(subject.folded, subject.isCaseful), frame), (verdict) =>
      verdict.kind === 'match' ? { kind: 'match', data: emptyText } : verdict,
    );
}

/** Undefined when what precedes the semicolon is not a lookup type but the beginning of `local@type;file`. */
function readWholeAddressLookup(pattern: Text, frame: Frame): Matcher<AddressToMatch> | undefined {
  const lookup = readLookupItem(pattern, frame);
  if (!lookup) return undefined;
  if (lookup.kind === 'error') {
    const type = pattern.octets.slice(0, pattern.octets.indexOf(';'));
    return type.includes('@') ? undefined : (_subject, where) => deferLogged(lookup.message, where);
  }
  const { item } = lookup;
  if (item.type.isQueryStyle) return emptyOrWithAt(pattern, (subject, where) => dropCaptures(obeyLookup(item, subject.folded, where)));
  const whole: LookupItem = { rest: item.rest, type: { ...item.type, partial: undefined } };
  const ignored = item.type.partial === undefined ? undefined : partialIn(pattern.octets);
  return emptyOrWithAt(pattern, (subject, where) => {
    if (ignored !== undefined) {
      where.services.log.panic(
        `partial matching is not applicable to whole-address lookups: ignored "${ignored}" in "${pattern.octets}"`,
        mailOf(where)?.id,
      );
    }
    return dropCaptures(obeyLookup(whole, subject.folded, where));
  });
}

function partialIn(pattern: Octets): Octets {
  return /^partial[0-9]*(?:\([^)]*\)|-)/.exec(pattern)?.[0] ?? '';
}

function dropCaptures(verdict: MaybePromise<ItemVerdict>): MaybePromise<ItemVerdict> {
  return chain(verdict, (settled) => (settled.kind === 'match' ? { kind: 'match', data: settled.data } : settled));
}

/** The empty address matches none of these; an address without domain is a mistake that is logged. */
function withAt(pattern: Text, match: Matcher<AddressToMatch>): Matcher<AddressToMatch> {
  return (subject, frame) => {
    if (subject.text.octets === '') return noMatch;
    if (!subject.hasAt) {
      frame.services.log.panic(
        `no @ found in the subject of an address list match: subject="${subject.text.octets}" pattern="${pattern.octets}"`,
        mailOf(frame)?.id,
      );
      return noMatch;
    }
    return match(subject, frame);
  };
}

/** The empty address is looked up too: a default may be there. */
function emptyOrWithAt(pattern: Text, match: Matcher<AddressToMatch>): Matcher<AddressToMatch> {
  const other = withAt(pattern, match);
  return (subject, frame) => (subject.text.octets === '' ? match(subject, frame) : other(subject, frame));
}

/** `local@domain`, `*ending@domain`, or a domain alone. The data is what matched both parts, with `@` between. */
function partsMatcher(pattern: Text, matchDomain: MatchDomainPattern): Matcher<AddressToMatch> {
  const at = findAt(pattern.octets);
  const local = at < 0 ? undefined : sliceText(pattern, 0, at);
  const domain = sliceText(pattern, at + 1);
  return (subject, frame) => {
    if (local && !isLocalPartMatch(local.octets, subject)) return noMatch;
    return chain(matchDomain(domain, subject.domain, frame, subject.isCaseful), (verdict) => {
      if (verdict.kind !== 'match') return verdict;
      return { kind: 'match', data: concatText([local ?? untainted(''), untainted('@'), verdict.data ?? domain]) };
    });
  };
}

/** The last `@`, or the one before it: what follows may be `@`, `@[]` or `@mx_any`. */
function findAt(pattern: Octets): number {
  const last = pattern.lastIndexOf('@');
  return last > 0 && pattern[last - 1] === '@' ? last - 1 : last;
}

function isLocalPartMatch(pattern: Octets, { localPart, isCaseful }: AddressToMatch): boolean {
  const wanted = isCaseful ? pattern : lowerCase(pattern);
  return wanted.startsWith('*') ? localPart.octets.endsWith(wanted.slice(1)) : localPart.octets === wanted;
}

/** `@@type;file`: the domain's entry is a list of local part patterns; `>key` at its end goes on with another entry. */
function domainKeyMatcher(rest: Text, frame: Frame): Matcher<AddressToMatch> {
  const lookup = readLookupItem(rest, frame);
  if (!lookup) return (_subject, where) => deferLogged(`missing semicolon in "@@${rest.octets}"`, where);
  if (lookup.kind === 'error') return (_subject, where) => deferLogged(lookup.message, where);
  const { item } = lookup;
  return withAt(rest, (subject, where) => followChain(item, subject.domain, subject, where, 1));
}

function followChain(item: LookupItem, key: Text, subject: AddressToMatch, frame: Frame, length: number): MaybePromise<ItemVerdict> {
  if (length > maxChain)
    return deferLogged(`Loop detected in lookup of local part of ${subject.text.octets} in ${item.type.name};${item.rest.octets}`, frame);
  return chain(obeyLookup(item, key, frame), (verdict) => {
    if (verdict.kind !== 'match') return verdict;
    const list = verdict.data?.octets ?? '';
    const items = parseList(list).items;
    const last = items.at(-1) ?? '';
    const nextKey = !item.type.isQueryStyle && last.startsWith('>') ? last.slice(skipSpace(last, 1)) : undefined;
    const patterns = nextKey === undefined ? items : items.slice(0, -1);
    return chain(matchLocalParts(patterns, subject, frame), (decided) => {
      if (decided) return decided;
      return nextKey === undefined ? noMatch : followChain(item, untainted(nextKey), subject, frame, length + 1);
    });
  });
}

/** Undefined: none of the patterns says yes or no. */
function matchLocalParts(patterns: readonly Octets[], subject: AddressToMatch, frame: Frame): MaybePromise<ItemVerdict | undefined> {
  const localPart = stringSubject(subject.localPart, subject.isCaseful);
  return chainEach(patterns, (whole) => {
    const isNegated = whole.startsWith('!');
    const pattern = untainted(isNegated ? whole.slice(skipSpace(whole, 1)) : whole);
    return chain(stringMatcher(pattern, frame)(localPart, frame), (verdict): ItemVerdict | undefined => {
      if (verdict.kind === 'no-match') return undefined;
      if (verdict.kind !== 'match') return verdict;
      return isNegated ? noMatch : { kind: 'match', data: pattern };
    });
  });
}
