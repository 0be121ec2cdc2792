/** What the patterns of all kinds of list have in common: the verdict of one item, and how strings are compared. Spec ch. 10 "Domain lists". */
import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase, lowerCase } from '../base/octets.ts';
import type { Frame } from '../core/frame.ts';
import { mailOf } from '../core/frame.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { chain } from '../core/maybe-promise.ts';
import type { LookupType } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
import { derived, sliceText } from '../core/text.ts';

export type ItemVerdict =
  | { readonly kind: 'match'; readonly data?: Text | undefined; readonly captures?: readonly Text[] | undefined }
  /** What a named list remembers of an item that decided against it: as in Exim, it outlives the item. */
  | { readonly kind: 'no-match'; readonly data?: Text | undefined; readonly captures?: readonly Text[] | undefined }
  /** A host name or address that is needed does not exist: host lists have `+include_unknown` and `+ignore_unknown` for it. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** An empty message: the cause was logged and is not for the peer's log line. */
  | { readonly kind: 'defer'; readonly message: string };

export const noMatch: ItemVerdict = { kind: 'no-match' };

/** A pattern that was read once and is compared many times. */
export type Matcher<Subject> = (subject: Subject, frame: Frame) => MaybePromise<ItemVerdict>;

/** What strings are compared with. `text` is as it came, `folded` is lower case unless the comparison is caseful. */
export interface StringSubject {
  readonly text: Text;
  /** What regular expressions see, when that is not `text`. */
  readonly original?: Text;
  readonly folded: Octets;
  readonly isCaseful: boolean;
}

export function stringSubject(text: Text, isCaseful: boolean): StringSubject {
  return { text, folded: isCaseful ? text.octets : lowerCase(text.octets), isCaseful };
}

/** Writes to main and panic log what Exim would die of, and defers without a text for others. */
export function deferLogged(message: string, frame: Frame): ItemVerdict {
  frame.services.log.panic(message, mailOf(frame)?.id);
  return { kind: 'defer', message: '' };
}

/** `$0` is the subject, the rest follows. */
export function subjectCaptures(subject: StringSubject, ...rest: readonly Text[]): readonly Text[] {
  return [subject.text, ...rest];
}

export function literalMatcher(pattern: Text): Matcher<StringSubject> {
  const folded = lowerCase(pattern.octets);
  return (subject) => {
    const isEqual = subject.isCaseful ? subject.text.octets === pattern.octets : lowerCase(subject.folded) === folded;
    return isEqual ? { kind: 'match', data: pattern, captures: subjectCaptures(subject) } : noMatch;
  };
}

/** `*rest`: what the asterisk stands for becomes `$1`. */
export function suffixMatcher(pattern: Text): Matcher<StringSubject> {
  const ending = pattern.octets.slice(1);
  return (subject) => {
    const { text } = subject;
    const wildLength = text.octets.length - ending.length;
    if (wildLength < 0) return noMatch;
    const tail = text.octets.slice(wildLength);
    const isEqual = subject.isCaseful ? tail === ending : equalsIgnoreCase(tail, ending);
    return isEqual ? { kind: 'match', data: pattern, captures: subjectCaptures(subject, sliceText(text, 0, wildLength)) } : noMatch;
  };
}

/** `^…`: caseless unless the subject is caseful; the groups become `$1` and so on. */
export function regexMatcher(pattern: Text): Matcher<StringSubject> {
  return (subject, frame) => {
    const { regexes, log } = frame.services;
    const compiled = regexes.compile(pattern.octets, { caseless: !subject.isCaseful });
    if (compiled.kind === 'error') {
      return deferLogged(
        `regular expression error: ${compiled.message} at offset ${compiled.offset} while compiling ${pattern.octets}`,
        frame,
      );
    }
    const whole = subject.original ?? subject.text;
    const result = compiled.regex.match(whole.octets);
    if (result.kind === 'limit') log.panic(`regular expression "${pattern.octets}": ${result.message}`, mailOf(frame)?.id);
    if (result.kind !== 'match') return noMatch;
    const groups = result.captures.slice(1).map((group) => derived(group ?? '', whole));
    return { kind: 'match', data: pattern, captures: [whole, ...groups] };
  };
}

/** `type;file` or `type;query`. */
export interface LookupItem {
  readonly type: LookupType;
  readonly rest: Text;
}

export type LookupItemResult = { readonly kind: 'ok'; readonly item: LookupItem } | { readonly kind: 'error'; readonly message: string };

/** Undefined when the pattern has no semicolon. White space before and after it is not part of anything. */
export function readLookupItem(pattern: Text, frame: Frame): LookupItemResult | undefined {
  const semicolon = pattern.octets.indexOf(';');
  if (semicolon < 0) return undefined;
  const parsed = frame.services.lookups.parseType(pattern.octets.slice(0, semicolon));
  if (parsed.kind === 'error') return parsed;
  let from = semicolon + 1;
  while (pattern.octets[from] === ' ' || pattern.octets[from] === '\t') from++;
  return { kind: 'ok', item: { type: parsed.type, rest: sliceText(pattern, from) } };
}

/** Looks the key up (single-key types), or obeys the query. `$1` and `$2` come from partial keys and defaults. */
export function obeyLookup({ type, rest }: LookupItem, key: Text, frame: Frame): MaybePromise<ItemVerdict> {
  const request = type.isQueryStyle ? { type, file: undefined, key: rest } : { type, file: rest, key };
  return chain(frame.services.lookups.find(request, frame), (outcome): ItemVerdict => {
    switch (outcome.kind) {
      case 'ok':
        return outcome.value.kind === 'found' ? { kind: 'match', data: outcome.value.value, captures: outcome.value.captures } : noMatch;
      case 'defer':
        return { kind: 'defer', message: outcome.message };
      case 'fail':
        return deferLogged(outcome.message, frame);
      case 'forced-fail':
        return noMatch;
    }
  });
}

/** A lookup item of a list of strings: the subject is the key. */
export function lookupMatcher(item: LookupItem): Matcher<StringSubject> {
  return (subject, frame) => {
    const key = subject.folded === subject.text.octets ? subject.text : { octets: subject.folded, taint: subject.text.taint };
    return chain(
      obeyLookup(item, key, frame),
      (verdict): ItemVerdict =>
        verdict.kind === 'match' ? { ...verdict, captures: subjectCaptures(subject, ...(verdict.captures ?? []).slice(1)) } : verdict,
    );
  };
}

/** The patterns that domain lists, local part lists and the parts of addresses share: regex, `*ending`, lookup, literal. */
export function stringMatcher(pattern: Text, frame: Frame): Matcher<StringSubject> {
  if (pattern.octets.startsWith('^')) return regexMatcher(pattern);
  if (pattern.octets.startsWith('*')) return suffixMatcher(pattern);
  const lookup = readLookupItem(pattern, frame);
  if (lookup?.kind === 'error') return (_subject, where) => deferLogged(lookup.message, where);
  return lookup ? lookupMatcher(lookup.item) : literalMatcher(pattern);
}
