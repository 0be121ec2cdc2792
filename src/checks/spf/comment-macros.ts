/**
 * The macros of option spf_smtp_comment_template: those of RFC 7208 s7, as libspf2 expands them. Spec ch. 14 "spf_smtp_comment_template".
 */
import { formatIp, parseIp } from '../../base/ip.ts';
import { bytesFromOctets, lowerCase, type Octets } from '../../base/octets.ts';

export interface CommentFacts {
  readonly sender: Octets;
  readonly domain: Octets;
  readonly address: Octets;
  readonly heloName: Octets;
  readonly receiver: Octets;
  /** The name of the host, found by its address and verified. */
  readonly hostName: Octets | undefined;
  readonly seconds: number;
}

/** In place of a template with a macro that is none. */
const DEFAULT_TEMPLATE = 'Please%_see%_http://www.openspf.org/Why?id=%{S}&ip=%{C}&receiver=%{R}';

const MACRO = /%(?:([%_-])|\{([^}]*)\}|(\{))/g;

export function usesHostName(template: Octets): boolean {
  return /%\{[Pp]/.test(template);
}

export function expandComment(template: Octets, facts: CommentFacts): Octets {
  return expand(template, facts) ?? expand(DEFAULT_TEMPLATE, facts) ?? '';
}

/** Undefined when there is something in braces that is no macro. */
function expand(template: Octets, facts: CommentFacts): Octets | undefined {
  let isWrong = false;
  const text = template.replace(MACRO, (_, sign: string | undefined, macro: string | undefined) => {
    if (sign !== undefined) return sign === '_' ? ' ' : sign === '-' ? '%20' : '%';
    const value = macro === undefined ? undefined : valueOf(macro, facts);
    isWrong ||= value === undefined;
    return value ?? '';
  });
  return isWrong ? undefined : text;
}

/** `S`, `d2`, `ir`, `l1r+-`. */
function valueOf(macro: Octets, facts: CommentFacts): Octets | undefined {
  const parts = /^([A-Za-z])([0-9]{0,3})([Rr]?)([-.+,/_=]*)$/.exec(macro);
  const [, letter = '', digits = '', reverse = '', delimiters = ''] = parts ?? [];
  const whole = letterValue(lowerCase(letter), facts);
  if (whole === undefined || (digits !== '' && Number.parseInt(digits, 10) === 0)) return undefined;
  const value = digits + reverse + delimiters === '' ? whole : transformed(whole, digits, reverse !== '', delimiters);
  return letter === lowerCase(letter) ? value : urlEscaped(value);
}

function letterValue(letter: Octets, facts: CommentFacts): Octets | undefined {
  const { sender, domain, address, heloName, receiver, hostName, seconds } = facts;
  switch (letter) {
    case 's':
      return sender;
    case 'l':
      return sender.slice(0, sender.lastIndexOf('@'));
    case 'o':
      return sender.slice(sender.lastIndexOf('@') + 1);
    case 'd':
      return domain;
    case 'i':
      return dottedAddress(address);
    case 'c':
      return address;
    case 'p':
      return hostName ?? 'unknown';
    case 'v':
      return address.includes(':') ? 'ip6' : 'in-addr';
    case 'h':
      return heloName;
    case 'r':
      return receiver;
    case 't':
      return String(seconds);
    default:
      return undefined;
  }
}

/** IPv6 addresses in nibbles. */
function dottedAddress(address: Octets): Octets {
  const bytes = parseIp(address);
  if (!bytes || bytes.length === 4) return bytes ? formatIp(bytes) : address;
  return [...Buffer.from(bytes).toString('hex')].join('.');
}

/** The last `digits` parts of the value, the other way round with `isReversed`. */
function transformed(value: Octets, digits: Octets, isReversed: boolean, delimiters: Octets): Octets {
  const separators = [...(delimiters === '' ? '.' : delimiters)];
  const parts = separators.reduce((pieces, separator) => pieces.flatMap((piece) => piece.split(separator)), [value]);
  if (isReversed) parts.reverse();
  return parts.slice(digits === '' ? 0 : -Number.parseInt(digits, 10)).join('.');
}

function urlEscaped(value: Octets): Octets {
  return value.replace(/[^A-Za-z0-9\-_.!~*'()]/g, (char) => `%${bytesFromOctets(char).toString('hex')}`);
}
