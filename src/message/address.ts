/**
 * Addresses as they stand in SMTP commands and header lines: comments, quoted local parts, phrases, source routes, groups, domain
 * literals, unqualified addresses. RFC 5322 s3.4, with the liberties and the error texts of Exim. One pass, bounded by the input.
 */

import type { Octets } from '../base/octets.ts';
import { isAlnumCode, isSpaceCode, trimStart } from '../base/octets.ts';

export interface AddressSyntax {
  /** `allow_utf8_domains`, or SMTPUTF8 in the transaction: octets from 0x80 in domains. */
  readonly allowsUtf8Domains?: boolean;
  /** `strip_trailing_dot`. */
  readonly stripsTrailingDot?: boolean;
  /** `strip_excess_angle_brackets`. */
  readonly stripsExcessAngleBrackets?: boolean;
  /** `allow_domain_literals`: needed for one within angle brackets. */
  readonly allowsDomainLiterals?: boolean;
  /** `<>` is an empty address (senders), not an error. */
  readonly allowsEmpty?: boolean;
  /** In a list: `name: a, b;` is one malformed address. */
  readonly refusesGroups?: boolean;
}

export interface AddressOk {
  readonly kind: 'ok';
  /** local_part@domain without comments, white space and route; no domain when unqualified; '' for `<>`. */
  readonly address: Octets;
  /** As written, with quotes and backslashes. */
  readonly localPart: Octets;
  /** As written; '' when unqualified. */
  readonly domain: Octets;
  /** Where the address with its route stands in the text: what rewriting replaces. */
  readonly from: number;
  readonly to: number;
}

export interface AddressError {
  readonly kind: 'error';
  /** Exim's words. */
  readonly message: Octets;
}

export type ParsedAddress = AddressOk | AddressError;

/** RFC 5321 s4.5.3.1.3, without the angle brackets. */
const MAX_ADDRESS_LENGTH = 256;
const MAX_COMMENT_DEPTH = 100;

/** Parses one address that takes all of `text`. */
export function parseAddress(text: Octets, syntax: AddressSyntax = {}): ParsedAddress {
  return new AddressParser(text, 0, text.length, syntax).parse();
}

/** One item of an address list in a header. */
export type AddressListItem = ParsedAddress & {
  /** The item's own text, for messages: white space around it removed, with the group's name where one begins with it. */
  readonly text: Octets;
  /** Where that begins, white space included. */
  readonly start: number;
};

/** Parses the value of a header that holds addresses. Empty items are left out. `from` and `to` count in `value`. */
export function parseAddressList(value: Octets, syntax: AddressSyntax = {}): AddressListItem[] {
  const items: AddressListItem[] = [];
  const whole = syntax.refusesGroups === true;
  for (const range of splitAddressList(value, whole)) {
    const parsed = new AddressParser(value, whole ? range.textFrom : range.from, range.to, syntax).parse();
    if (parsed.kind === 'error' && parsed.message === EMPTY_ADDRESS) continue;
    items.push({ ...parsed, text: trimRange(value, range.textFrom, range.to), start: range.textFrom });
  }
  return items;
}

interface ItemRange {
  /** The address. */
  readonly from: number;
  readonly to: number;
  /** With the group's name. */
  readonly textFrom: number;
}

/** Finds the items: ends are `,`, and `;` in a group, outside of quotes, comments and angle brackets. `whole`: a group is one item. */
function splitAddressList(value: Octets, whole: boolean): ItemRange[] {
  const ranges: ItemRange[] = [];
  let textFrom = 0;
  let from = 0;
  let isInGroup = false;
  let nextColon = -2;
  const lastBracket = value.lastIndexOf(']');
  /** Whether the item begins with `@`, so that commas and the first colon belong to its source route. */
  const isRoute = (to: number): boolean => {
    let at = from;
    while (at < to && isSpaceCode(value.charCodeAt(at))) at++;
    if (value[at] !== '@') return false;
    if (nextColon !== -1 && nextColon < at) nextColon = value.indexOf(':', at);
    return nextColon >= to;
  };
  const finish = (to: number, next = to + 1): void => {
    if (!isBlank(value, whole ? textFrom : from, to)) ranges.push({ from, to, textFrom });
    textFrom = from = next;
  };
  for (let at = 0; at < value.length; at++) {
    switch (value[at]) {
      case '\\':
        at++;
        break;
      case '"':
        at = endOfQuoted(value, at, value.length) - 1;
        break;
      case '(':
        at = endOfComment(value, at, value.length) - 1;
        break;
      case '<':
        at = endOfAngle(value, at) - 1;
        break;
      case '[': // the colons of an IPv6 address begin no group
        if (at > lastBracket) break;
        at = value.indexOf(']', at);
        break;
      case ':':
        if (isInGroup || isRoute(at)) break;
        isInGroup = true;
        from = at + 1;
        break;
      case ',':
        if (!isRoute(at) && !(whole && isInGroup)) finish(at);
        break;
      case ';':
        if (!isInGroup) break;
        finish(whole ? at + 1 : at, at + 1);
        isInGroup = false;
        break;
      default:
    }
  }
  finish(value.length);
  return ranges;
}

function isBlank(value: Octets, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isSpaceCode(value.charCodeAt(at))) return false;
  return true;
}

function trimRange(value: Octets, from: number, to: number): Octets {
  let start = from;
  let end = to;
  while (start < end && isSpaceCode(value.charCodeAt(start))) start++;
  while (end > start && isSpaceCode(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

/** The index after the closing quote, or `end` when there is none. */
function endOfQuoted(text: Octets, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return end;
}

/** The index after the comment; an unclosed one reaches to `end`. Deeper nesting than any mail has is not counted. */
function endOfComment(text: Octets, at: number, end: number): number {
  let depth = 0;
  for (let i = at; i < end; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '(' && depth < MAX_COMMENT_DEPTH) depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return end;
}

/** How many octets of a character follow its first one, as RFC 2279 s2 had it: none can be enough for FE and FF. */
function continuations(lead: number): number {
  return lead < 0xc0
    ? 0
    : lead < 0xe0
      ? 1
      : lead < 0xf0
        ? 2
        : lead < 0xf8
          ? 3
          : lead < 0xfc
            ? 4
            : lead < 0xfe
              ? 5
              : Number.POSITIVE_INFINITY;
}

function areContinuations(text: Octets, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((text.charCodeAt(at) & 0xc0) !== 0x80) return false;
  return true;
}

/** The index after `>`; of an unclosed one the end of the text. */
function endOfAngle(text: Octets, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i];
    if (char === '>') return i + 1;
    if (char === '\\') i++;
    else if (char === '"') i = endOfQuoted(text, i, text.length) - 1;
    else if (char === '(') i = endOfComment(text, i, text.length) - 1;
  }
  return text.length;
}

const EMPTY_ADDRESS = 'empty address';
const NO_LITERALS = 'domain literals not allowed';
const NO_LOCAL_PART = 'missing or malformed local part';
const UNMATCHED_QUOTE = 'unmatched doublequote in local part';
const BAD_LITERAL = 'malformed domain literal';
const BAD_DOMAIN = 'domain missing or malformed';
const BAD_UTF8 = 'invalid UTF-8 byte sequence';

/** What ends a word that is not quoted. */
function isSpecialCode(code: number): boolean {
  if (code <= 0x20 || code === 0x7f) return true;
  switch (code) {
    case 0x22:
    case 0x28:
    case 0x29:
    case 0x2c:
    case 0x2e:
    case 0x3a:
    case 0x3b:
    case 0x3c:
    case 0x3e:
    case 0x40:
    case 0x5b:
    case 0x5d: // " ( ) , . : ; < > @ [ ]
      return true;
    default:
      return false;
  }
}

class AddressParser {
  readonly #text: Octets;
  readonly #end: number;
  readonly #syntax: AddressSyntax;
  readonly #start: number;
  #at: number;
  #error: Octets = '';

  constructor(text: Octets, start: number, end: number, syntax: AddressSyntax) {
    this.#text = text;
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.#syntax = syntax;
  }

  parse(): ParsedAddress {
    this.#skipBlank();
    if (this.#at >= this.#end) return failed(EMPTY_ADDRESS);
    let result: ParsedAddress;
    if (this.#peek() === '<') result = this.#angleAddress();
    else if (this.#peek() === '@') result = this.#routedSpec(this.#at, false);
    else result = this.#bareAddress();
    if (result.kind === 'error') return result;
    this.#skipBlank();
    if (this.#at < this.#end) return failed(this.#trailingText());
    if (result.address.length > MAX_ADDRESS_LENGTH) return failed(`address is ridiculously long: ${result.address.slice(0, 64)}...`);
    return result;
  }

  #trailingText(): Octets {
    const rest = this.#text.slice(this.#at, Math.min(this.#end, this.#at + 32));
    return `malformed address: ${rest} may not follow ${trimStart(this.#text.slice(this.#start, this.#at))}`;
  }

  /** An address without brackets, or a phrase before them. */
  #bareAddress(): ParsedAddress {
    const from = this.#at;
    const localPart = this.#localPart();
    if (localPart === undefined) return failed(this.#error);
    const next = this.#peek();
    if (localPart.to === from && next === ';') return failed(EMPTY_ADDRESS);
    if (next === '@') return this.#addressAfter(localPart, from);
    if (next === '<') return this.#angleAddress();
    if (localPart.to > from && (next === '' || next === ';')) return this.#found(localPart.text, '', from, localPart.to);
    while (this.#peek() !== '<') if (!this.#phraseWord()) return failed(`${this.#error} (expected word or "<")`);
    return this.#angleAddress();
  }

  /** A word of a display name; dots are words too (obs-phrase). */
  #phraseWord(): boolean {
    const from = this.#at;
    const word = this.#localPart();
    if (word === undefined) return false;
    if (this.#at > from) return true;
    this.#error = NO_LOCAL_PART;
    return false;
  }

  #angleAddress(): ParsedAddress {
    let brackets = 0;
    do {
      this.#at++;
      brackets++;
      this.#skipBlank();
    } while (this.#syntax.stripsExcessAngleBrackets === true && this.#peek() === '<');
    const from = this.#at;
    if (this.#peek() === '>' && this.#syntax.allowsEmpty === true) return this.#closed(this.#found('', '', from, from), brackets);
    const result = this.#peek() === '@' ? this.#routedSpec(from, true) : this.#angleSpec(from, false);
    return result.kind === 'error' ? result : this.#closed(result, brackets);
  }

  #closed(result: AddressOk, brackets: number): ParsedAddress {
    for (let left = brackets; left > 0; left--) {
      if (this.#peek() === '>') {
        this.#at++;
        if (left > 1) this.#skipBlank();
      } else return failed(this.#at >= this.#end ? "'>' missing at end of address" : this.#trailingText());
    }
    return result;
  }

  /** The local part and domain within brackets, or after a route. */
  #angleSpec(from: number, isRouted: boolean): ParsedAddress {
    const localPart = this.#localPart();
    if (localPart === undefined) return failed(this.#error);
    if (localPart.to === localPart.from) return failed(NO_LOCAL_PART);
    const next = this.#peek();
    if (next === '@') return this.#allowsLiteralHere() ? withStrictLiteral(this.#addressAfter(localPart, from)) : failed(NO_LITERALS);
    if (isRouted) return failed('domain missing in source-routed address');
    if (next !== '>') return failed(`"@" or "." expected after "${localPart.text}"`);
    return this.#found(localPart.text, '', from, localPart.to);
  }

  /** `@a,@b:local@domain`: the route is read and forgotten. RFC 5321 C. */
  #routedSpec(from: number, isInAngle: boolean): ParsedAddress {
    let hops = 0;
    for (;;) {
      this.#at++; // @
      const hop = this.#domain();
      if (hop === undefined) return failed(this.#error);
      if (hop.text[0] === '[' && this.#syntax.allowsDomainLiterals !== true) return failed(NO_LITERALS);
      hops++;
      if (this.#peek() !== ',') break;
      while (this.#peek() === ',') {
        this.#at++;
        this.#skipBlank();
      }
      if (this.#peek() !== '@') {
        hops++;
        break;
      }
    }
    if (this.#peek() !== ':') return failed(hops === 1 ? 'no local part' : 'colon expected after route list');
    this.#at++;
    this.#skipBlank();
    const result = this.#angleSpec(from, true);
    return result.kind === 'ok' && !isInAngle ? { ...result, from } : result;
  }

  /** Outside of angle brackets Exim takes a literal without `allow_domain_literals` too. */
  #allowsLiteralHere(): boolean {
    if (this.#syntax.allowsDomainLiterals === true) return true;
    const at = this.#at;
    this.#at++; // @
    this.#skipBlank();
    const isLiteral = this.#peek() === '[';
    this.#at = at;
    return !isLiteral;
  }

  #addressAfter(localPart: Piece, from: number): ParsedAddress {
    this.#at++; // @
    const domain = this.#domain();
    return domain === undefined ? failed(this.#error) : this.#found(localPart.text, domain.text, from, domain.to);
  }

  #found(localPart: Octets, domain: Octets, from: number, to: number): AddressOk {
    return { kind: 'ok', address: domain === '' ? localPart : `${localPart}@${domain}`, localPart, domain, from, to };
  }

  /** Words and dots without the white space and comments between them. Undefined with `#error` for an unclosed quote. */
  #localPart(): Piece | undefined {
    const from = this.#at;
    let to = from;
    let text = '';
    let mayBeWord = true;
    for (;;) {
      const char = this.#peek();
      if (char === '.') {
        text += '.';
        this.#at++;
        mayBeWord = true;
      } else {
        const start = this.#at;
        if (!mayBeWord || !this.#skipWord(char)) break;
        text += this.#text.slice(start, this.#at);
        mayBeWord = false;
      }
      to = this.#at;
      this.#skipBlank();
    }
    return this.#error === '' ? { text, from, to } : undefined;
  }

  /** Moves behind an atom or a quoted string; false when there is none, or with `#error` when it is unclosed. */
  #skipWord(first: string): boolean {
    const from = this.#at;
    if (first === '"') {
      const end = endOfQuoted(this.#text, from, this.#end);
      if (end - from < 2 || this.#text[end - 1] !== '"' || isEscaped(this.#text, end - 1, from)) {
        this.#error = UNMATCHED_QUOTE;
        return false;
      }
      this.#at = end;
      return true;
    }
    let at = from;
    for (; at < this.#end; at++) {
      const code = this.#text.charCodeAt(at);
      if (code === 0x5c) at = Math.min(at + 1, this.#end - 1);
      else if (isSpecialCode(code)) break;
    }
    this.#at = at;
    return at > from;
  }

  /** Sub-domains and dots, or a literal. Undefined with `#error`. */
  #domain(): Piece | undefined {
    this.#skipBlank();
    if (this.#peek() === '[') return this.#domainLiteral();
    const from = this.#at;
    let to = from;
    let text = '';
    for (;;) {
      const start = this.#at;
      if (!this.#isLabelStart(start)) {
        if (text !== '' && this.#syntax.stripsTrailingDot === true && this.#peek() !== '.') return { text: text.slice(0, -1), from, to };
        this.#error = BAD_DOMAIN;
        return undefined;
      }
      let at = start;
      while (at < this.#end && (this.#text[at] === '-' || this.#isLabelStart(at))) {
        const next = at + 1 + continuations(this.#text.charCodeAt(at));
        if (!areContinuations(this.#text, at + 1, Math.min(next, this.#end)) || next > this.#end) {
          this.#error = BAD_UTF8;
          return undefined;
        }
        at = next;
      }
      text += this.#text.slice(start, at);
      this.#at = to = at;
      this.#skipBlank();
      if (this.#peek() !== '.') return { text, from, to };
      text += '.';
      this.#at++;
      to = this.#at;
      this.#skipBlank();
    }
  }

  #isLabelStart(at: number): boolean {
    if (at >= this.#end) return false;
    const code = this.#text.charCodeAt(at);
    return isAlnumCode(code) || (code >= 0xc0 && this.#syntax.allowsUtf8Domains === true);
  }

  /** `[1.2.3.4]`, `[IPv6:::1]`: letters, digits, `.`, `:`. RFC 5321 s4.1.3. */
  #domainLiteral(): Piece | undefined {
    const from = this.#at;
    const end = this.#text.indexOf(']', from);
    const inner = end < 0 || end >= this.#end ? undefined : this.#text.slice(from + 1, end);
    if (inner === undefined || !/^[A-Za-z0-9.:-]*$/.test(inner)) {
      this.#error = BAD_LITERAL;
      return undefined;
    }
    this.#at = end + 1;
    this.#skipBlank();
    return { text: this.#text.slice(from, end + 1), from, to: end + 1 };
  }

  #peek(): string {
    return this.#at < this.#end ? (this.#text[this.#at] ?? '') : '';
  }

  /** White space (folding included) and comments. */
  #skipBlank(): void {
    while (this.#at < this.#end) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x28) this.#at = endOfComment(this.#text, this.#at, this.#end);
      else if (isSpaceCode(code)) this.#at++;
      else return;
    }
  }
}

interface Piece {
  readonly text: Octets;
  readonly from: number;
  /** Behind its last octet. */
  readonly to: number;
}

/** Within brackets a literal has only the characters of addresses. */
function withStrictLiteral(result: ParsedAddress): ParsedAddress {
  if (result.kind === 'error' || result.domain[0] !== '[') return result;
  return /^\[(?:[Ii][Pp][Vv][46]:)?[0-9A-Fa-f.:]*\]$/.test(result.domain) ? result : failed(BAD_LITERAL);
}

function failed(message: Octets): AddressError {
  return { kind: 'error', message };
}

/** Whether the octet at `at` follows an odd number of backslashes. */
function isEscaped(text: Octets, at: number, from: number): boolean {
  let count = 0;
  for (let i = at - 1; i > from && text[i] === '\\'; i--) count++;
  return count % 2 === 1;
}

/** The domain of an address as kept: what follows the last `@`; '' when there is none. */
export function domainOf(address: Octets): Octets {
  const at = address.lastIndexOf('@');
  return at < 0 ? '' : address.slice(at + 1);
}

/** What stands before the last `@`, quotes kept; the whole when there is none. */
export function localPartOf(address: Octets): Octets {
  const at = address.lastIndexOf('@');
  return at < 0 ? address : address.slice(0, at);
}

/** Without quotes and backslashes: what routing, `$local_part` and lists see. */
export function unquoteLocalPart(localPart: Octets): Octets {
  if (!/["\\]/.test(localPart)) return localPart;
  return localPart.replace(/\\(.)|"/gs, (_, escaped: string | undefined) => escaped ?? '');
}

const PLAIN_LOCAL_PART = /^[!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~\x80-\xff]+(?:\.[!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~\x80-\xff]+)*$/;

/** Quotes a local part where RFC 5322 needs it. */
export function quoteLocalPart(localPart: Octets): Octets {
  if (PLAIN_LOCAL_PART.test(localPart)) return localPart;
  return `"${localPart.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Quotes a display name where RFC 5322 needs it; a name that needs encoding (RFC 2047) is the caller's business. Quoted strings in it stay, and
 * comments among plain words, as Exim has it; an open quote is closed.
 */
export function quotePhrase(phrase: Octets): Octets {
  let result = '';
  for (let at = 0; at < phrase.length; ) {
    const start = at;
    if (phrase[at] === '"') {
      at = endOfQuoted(phrase, at, phrase.length);
      const quoted = phrase.slice(start, at);
      result += quoted.length > 1 && quoted.endsWith('"') && !isEscaped(quoted, quoted.length - 1, 0) ? quoted : `${quoted}"`;
    } else if (isSpaceCode(phrase.charCodeAt(at))) {
      at++;
      if (result !== '') result += phrase[start];
    } else {
      while (at < phrase.length && phrase[at] !== '"') at += phrase[at] === '\\' ? 2 : 1;
      const words = trimRange(phrase, start, Math.min(at, phrase.length));
      result += PHRASE_SPECIALS.test(words) ? `"${words}"` : words;
      at = start + words.length;
    }
  }
  return result;
}

/** Parentheses are none here: what they hold is a comment. */
const PHRASE_SPECIALS = /[<>@,;:.[\]\\]/;
