/**
 * What Exim does to the header of a message that it receives: unwanted lines go, missing ones come, From and Sender are made to agree.
 * Pure: what is looked up is given. Spec ch. 48 "Message processing", sections 5 to 18.
 */
import { assertNever, invariant } from '../base/invariant.ts';
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { equalsIgnoreCase, lowerCase, trimSpace } from '../base/octets.ts';
import type { AddedHeader, HeaderLine, HeaderType, Regexes } from '../core/index.ts';
import type { AddressSyntax } from '../message/address.ts';
import { domainOf, localPartOf, parseAddressList, quoteLocalPart, quotePhrase } from '../message/address.ts';
import {
  encodeWords,
  findByType,
  findHeader,
  hasName,
  headerValue,
  isResentHeader,
  makeHeader,
  needsEncoding,
  rawValue,
} from '../message/header.ts';

/** Where the message comes from decides what is done. */
export interface FixupFacts {
  /** Not over TCP/IP, or as if: `-bm`, `-bs`. */
  readonly isLocal: boolean;
  /** Not SMTP. */
  readonly isCommandLine: boolean;
  /** Who calls may choose any sender. */
  readonly isTrusted: boolean;
  /** `control = submission`. */
  readonly submission: SubmissionOptions | undefined;
  /** `control = suppress_local_fixups`. */
  readonly isSuppressed: boolean;
  /** Bcc lines go (-t). */
  readonly removesBcc: boolean;
  readonly sender: Octets;
  /** The sender is the caller itself and not what somebody chose. */
  readonly isOwnSender: boolean;
  /** A caller who is not trusted chose it (`untrusted_set_sender`). */
  readonly isSenderSetUntrusted: boolean;
  readonly login: Octets;
  readonly fullName: Octets;
  /** `-F`. */
  readonly givenName?: Octets | undefined;
  readonly authenticatedId: Octets | undefined;
  /** For the new lines. */
  readonly messageId: Octets;
  readonly date: Octets;
  readonly settings: FixupSettings;
}

/** Main options. */
export interface FixupSettings {
  readonly qualifyDomain: Octets;
  readonly removesReturnPath: boolean;
  readonly removesEnvelopeTo: boolean;
  readonly removesDeliveryDate: boolean;
  readonly retainsSender: boolean;
  readonly checksFrom: boolean;
  readonly fromPrefix: Octets | undefined;
  readonly fromSuffix: Octets | undefined;
  readonly charset: Octets;
}

export interface SubmissionOptions {
  readonly retainsSender: boolean;
  /** Undefined: not given; '' for a complete address in `$authenticated_id`. */
  readonly domain: Octets | undefined;
  readonly name: Octets | undefined;
}

export interface FixedHeader {
  /** With `REWRITTEN_RECIPIENTS` and `REWRITTEN_SENDER` among them. */
  readonly headers: HeaderLine[];
  /** The envelope sender: changed when a Sender: line was made. */
  readonly sender: Octets;
}

/** `/domain=x/name=y` as the control keeps it; undefined without the control. */
export function parseSubmission(options: Octets | undefined): SubmissionOptions | undefined {
  if (options === undefined) return undefined;
  const name = /\/name=(.*)$/s.exec(options);
  const rest = name ? options.slice(0, name.index) : options;
  return { retainsSender: /\/sender_retain(?:\/|$)/.test(rest), domain: /\/domain=([^/]*)/.exec(rest)?.[1], name: name?.[1] };
}

/** Whether the message was sent again by hand: Resent- lines are then what counts (Spec ch. 48 "Resent- header lines"). */
export function isResentMessage(headers: readonly HeaderLine[]): boolean {
  return headers.some((header) => header.type !== '*' && isResentHeader(header));
}

/** Where `X-rewrote-original-recipient` and `X-rewrote-sender` go when the envelope is rewritten. */
export const REWRITTEN_RECIPIENTS: HeaderLine = { type: '*', text: '' };
export const REWRITTEN_SENDER: HeaderLine = { type: '*', text: '' };

/** New lines come last, Date and Message-Id of a message that is sent again first. */
export function fixHeaders(headers: readonly HeaderLine[], facts: FixupFacts): FixedHeader {
  const doesFixups = (facts.isLocal || facts.submission !== undefined) && !facts.isSuppressed;
  const isResent = isResentMessage(headers);
  const fixed = headers.map((header) =>
    isUnwanted(header, isResent, facts) || (doesFixups && isSenderToRemove(header, isResent, facts)) ? deleted(header) : header,
  );
  ignoreLaterIds(fixed, isResent);
  fixLoginOnlyFrom(fixed, isResent, facts);
  if (!doesFixups) return { headers: [...fixed, REWRITTEN_RECIPIENTS, REWRITTEN_SENDER], sender: facts.sender };
  const prefix = isResent ? 'Resent-' : '';
  const id = findHeader(fixed, `${prefix}Message-ID`) === undefined ? [makeHeader(`${prefix}Message-Id: ${facts.messageId}\n`)] : [];
  const date = findHeader(fixed, `${prefix}Date`) === undefined ? [makeHeader(`${prefix}Date: ${facts.date}\n`)] : [];
  if (isResent) fixed.unshift(...date, ...id);
  else fixed.push(...id);
  fixed.push(REWRITTEN_RECIPIENTS);
  addMissingFrom(fixed, prefix, facts);
  const sender = addSender(fixed, prefix, facts);
  fixed.push(REWRITTEN_SENDER);
  if (!isResent) fixed.push(...date);
  return { headers: fixed, sender };
}

function deleted(header: HeaderLine): HeaderLine {
  return { type: '*' as HeaderType, text: header.text };
}

function isUnwanted(header: HeaderLine, isResent: boolean, facts: FixupFacts): boolean {
  const { settings } = facts;
  if (header.type === 'B') return facts.removesBcc && isResentHeader(header) === isResent;
  if (header.type !== ' ') return false;
  if (settings.removesReturnPath && hasName(header, 'Return-path')) return true;
  if (settings.removesEnvelopeTo && hasName(header, 'Envelope-to')) return true;
  return settings.removesDeliveryDate && hasName(header, 'Delivery-date');
}

/** Sender: of an untrusted caller, or of a submission that does not retain it. */
function isSenderToRemove(header: HeaderLine, isResent: boolean, facts: FixupFacts): boolean {
  if (header.type !== 'S' || isResentHeader(header) !== isResent) return false;
  if (facts.submission !== undefined) return !facts.submission.retainsSender;
  return facts.isLocal && !facts.isTrusted && !facts.settings.retainsSender;
}

/** Only the first Message-ID: is one; of a message that is sent again the first Resent- one. */
function ignoreLaterIds(headers: HeaderLine[], isResent: boolean): void {
  let hasId = false;
  for (const [index, header] of [...headers.entries()]) {
    if (header.type !== 'I') continue;
    if (hasId || isResentHeader(header) !== isResent) headers[index] = { type: ' ', text: header.text };
    else hasId = true;
  }
}

/** `From: login` of a message from the command line is replaced by the caller's full address. */
function fixLoginOnlyFrom(headers: HeaderLine[], isResent: boolean, facts: FixupFacts): void {
  if (!facts.isCommandLine) return;
  for (const [index, header] of [...headers.entries()]) {
    if (header.type !== 'F' || isResentHeader(header) !== isResent || !equalsIgnoreCase(headerValue(header), facts.login)) continue;
    headers[index] = deleted(header);
    headers.push(makeHeader(`${isResentHeader(header) ? 'Resent-' : ''}From: ${callerAddress(facts)}\n`));
  }
}

function addMissingFrom(headers: HeaderLine[], prefix: Octets, facts: FixupFacts): void {
  if (findHeader(headers, `${prefix}From`) !== undefined) return;
  const address = fromAddress(facts);
  if (address !== undefined) headers.push(makeHeader(`${prefix}From: ${address}\n`));
}

function fromAddress(facts: FixupFacts): Octets | undefined {
  const { submission } = facts;
  if (submission !== undefined) {
    return facts.sender === '' ? submissionAddress(facts, submission) : withName(submission.name, facts.sender, facts);
  }
  if (facts.sender === '') return facts.isTrusted ? undefined : callerAddress(facts);
  if (facts.isOwnSender) return callerAddress(facts);
  return withName(facts.isSenderSetUntrusted ? facts.fullName : facts.givenName, facts.sender, facts);
}

/** What the authenticated client is called in Sender: and From:; undefined when it did not authenticate. */
function submissionAddress(facts: FixupFacts, submission: SubmissionOptions): Octets | undefined {
  const id = facts.authenticatedId;
  if (id === undefined || id === '') return undefined;
  if (submission.domain === '') return id;
  return `${id}@${submission.domain ?? facts.settings.qualifyDomain}`;
}

function callerAddress(facts: FixupFacts): Octets {
  return withName(facts.fullName, `${quoteLocalPart(facts.login)}@${facts.settings.qualifyDomain}`, facts);
}

function withName(name: Octets | undefined, address: Octets, facts: FixupFacts): Octets {
  if (name === undefined || name === '') return address;
  const phrase = needsEncoding(name) ? encodeWords(name, facts.settings.charset) : quotePhrase(name);
  return `${phrase} <${address}>`;
}

/** Adds Sender: when From: is not who sends; the return path is then the same (Spec ch. 48 "The Sender: header line"). */
function addSender(headers: HeaderLine[], prefix: Octets, facts: FixupFacts): Octets {
  const expected = expectedSender(facts);
  if (expected === undefined) return facts.sender;
  if (isFrom(headers, prefix === 'Resent-', expected.address, facts.settings))
    return expected.changesReturnPath ? expected.address : facts.sender;
  headers.push(makeHeader(`${prefix}Sender: ${withName(expected.name, expected.address, facts)}\n`));
  return expected.changesReturnPath ? expected.address : facts.sender;
}

function expectedSender(
  facts: FixupFacts,
): { readonly address: Octets; readonly name: Octets | undefined; readonly changesReturnPath: boolean } | undefined {
  const { submission } = facts;
  if (submission !== undefined) {
    if (submission.retainsSender) return undefined;
    const address = submissionAddress(facts, submission);
    return address === undefined ? undefined : { address, name: submission.name, changesReturnPath: facts.sender !== '' };
  }
  if (facts.isTrusted || !facts.isLocal || !facts.settings.checksFrom) return undefined;
  return { address: `${quoteLocalPart(facts.login)}@${facts.settings.qualifyDomain}`, name: facts.fullName, changesReturnPath: false };
}

/** Whether From: is one address that is the expected one, perhaps with the prefix or suffix that is permitted. */
function isFrom(headers: readonly HeaderLine[], isResent: boolean, expected: Octets, settings: FixupSettings): boolean {
  const from = findByType(headers, 'F', isResent).at(-1);
  if (from === undefined) return false;
  const items = parseAddressList(rawValue(from), { refusesGroups: true });
  const only = items[0];
  if (only === undefined || items.length !== 1 || only.kind !== 'ok') return false;
  const address = only.domain === '' ? `${only.address}@${settings.qualifyDomain}` : only.address;
  return equalsIgnoreCase(address, expected) || hasAffixes(address, expected, settings);
}

/** Whether the local part is the expected one behind the prefix and before the suffix that are permitted; of either the longest that fits goes. */
function hasAffixes(address: Octets, expected: Octets, { fromPrefix, fromSuffix }: FixupSettings): boolean {
  if (fromPrefix === undefined && fromSuffix === undefined) return false;
  if (!equalsIgnoreCase(domainOf(address), domainOf(expected))) return false;
  let localPart = localPartOf(address);
  localPart = localPart.slice(affixLength(localPart, fromPrefix, true));
  localPart = localPart.slice(0, localPart.length - affixLength(localPart, fromSuffix, false));
  return equalsIgnoreCase(localPart, localPartOf(expected));
}

/** Of the first item of the list that fits; `*-` and `-*` permit anything on the side of the asterisk. */
function affixLength(localPart: Octets, list: Octets | undefined, isPrefix: boolean): number {
  const text = lowerCase(localPart);
  for (const item of parseList(lowerCase(list ?? '')).items) {
    const isWild = isPrefix ? item.startsWith('*') : item.endsWith('*');
    const fixed = isWild ? (isPrefix ? item.slice(1) : item.slice(0, -1)) : item;
    const at = isPrefix ? (isWild ? text.lastIndexOf(fixed) : text.indexOf(fixed)) : isWild ? text.indexOf(fixed) : text.lastIndexOf(fixed);
    if (at < 0) continue;
    if (isPrefix && (isWild || at === 0)) return at + fixed.length;
    if (!isPrefix && (isWild || at === text.length - fixed.length)) return text.length - at;
  }
  return 0;
}

// ---------------------------------------------------------------- qualification

/** Adds the domain to unqualified addresses of the header's address lines; the line as it was stays, deleted. Spec ch. 48 "Unqualified addresses". */
export function qualifyHeaders(
  headers: readonly HeaderLine[],
  domains: { readonly sender: Octets | undefined; readonly recipient: Octets | undefined },
  syntax?: AddressSyntax,
): HeaderLine[] {
  return headers.flatMap((header) => {
    const domain = SENDER_TYPES.has(header.type) ? domains.sender : RECIPIENT_TYPES.has(header.type) ? domains.recipient : undefined;
    const qualified = domain === undefined ? header : qualifyHeader(header, domain, syntax);
    return qualified === header ? [header] : [deleted(header), qualified];
  });
}

/** What is wrong with the addresses of a header line that qualification and rewriting leave as they are. */
export function addressProblems(headers: readonly HeaderLine[], syntax?: AddressSyntax): Octets[] {
  return headers
    .filter((header) => SENDER_TYPES.has(header.type) || RECIPIENT_TYPES.has(header.type))
    .flatMap((header) => parseAddressList(rawValue(header), syntax).flatMap((item) => (item.kind === 'error' ? [item.message] : [])));
}

const SENDER_TYPES: ReadonlySet<HeaderType> = new Set<HeaderType>(['F', 'R', 'S']);
const RECIPIENT_TYPES: ReadonlySet<HeaderType> = new Set<HeaderType>(['T', 'C', 'B']);

function qualifyHeader(header: HeaderLine, domain: Octets, syntax: AddressSyntax | undefined): HeaderLine {
  const value = rawValue(header);
  const pieces: Octets[] = [];
  let from = 0;
  for (const item of parseAddressList(value, syntax)) {
    if (item.kind !== 'ok' || item.domain !== '' || item.address === '') continue;
    pieces.push(value.slice(from, item.to), `@${domain}`);
    from = item.to;
  }
  if (from === 0) return header;
  return { type: header.type, text: `${header.text.slice(0, header.text.length - value.length)}${pieces.join('')}${value.slice(from)}` };
}

// ---------------------------------------------------------------- lines of ACLs

/** Puts what ACLs added into place, one after the other, so that of two at the start the later one is first (Spec ch. 44 "Adding header lines in ACLs"). */
export function insertAdded(headers: readonly HeaderLine[], added: readonly AddedHeader[]): HeaderLine[] {
  const result = [...headers];
  for (const { position, text } of added) result.splice(placeOf(position, result), 0, makeHeader(text));
  return result;
}

function placeOf(position: AddedHeader['position'], headers: readonly HeaderLine[]): number {
  switch (position) {
    case 'at-start':
      return 0;
    case 'after-received': {
      let at = headers.findIndex((header) => header.type === 'P') + 1;
      while (at > 0 && headers[at]?.type === 'P') at++;
      return at;
    }
    case 'at-start-rfc': {
      let at = Math.min(1, headers.length); // the first line is taken for Received:
      while (isTraceOrResent(headers[at])) at++;
      return at;
    }
    case 'at-end':
      return headers.length;
    default:
      return assertNever(position);
  }
}

function isTraceOrResent(header: HeaderLine | undefined): boolean {
  return header !== undefined && (header.type === 'P' || isResentHeader(header) || hasName(header, 'Return-path'));
}

/** Deletes the named lines. A name may end in `*`; what begins with `^` is a regular expression for whole lines (NewStuff 4.97). */
export function removeNamed(headers: readonly HeaderLine[], names: readonly Octets[], regexes: Regexes): HeaderLine[] {
  if (names.length === 0) return [...headers];
  const tests = names.map((name) =>
    name.startsWith('^') ? lineMatcher(name, regexes) : (header: HeaderLine) => isNamed(header, trimSpace(name)),
  );
  return headers.map((header) => (tests.some((isWanted) => isWanted(header)) ? deleted(header) : header));
}

/** The ACL has seen that the pattern can be compiled. */
function lineMatcher(pattern: Octets, regexes: Regexes): (header: HeaderLine) => boolean {
  const compiled = regexes.compile(pattern);
  invariant(compiled.kind === 'ok', 'the pattern of remove_header was compiled before');
  return (header) => compiled.regex.match(header.text).kind === 'match';
}

function isNamed(header: HeaderLine, name: Octets): boolean {
  if (!name.endsWith('*')) return hasName(header, name);
  const stem = name.slice(0, -1);
  return equalsIgnoreCase(header.text.slice(0, stem.length), stem) && header.text.indexOf(':') >= stem.length;
}
