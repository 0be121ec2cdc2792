/** Internationalised domains and local parts: UTF-8 and a-labels. Spec ch. 60 "Internationalisation", RFC 3492, RFC 5891. */
import { domainToASCII, domainToUnicode } from 'node:url';
import { isAscii, type Octets, octetsFromUnicode, printable, type Unicode, unicodeFromOctets } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';
import { decodePunycode, encodePunycode } from './punycode.ts';

const PREFIX = 'xn--';
/** At either end; Exim reads the labels as a list. */
const SINGLE_DOT_AT_END = /^\.(?!\.)|(?<!\.)\.$/g;

export function domainToAlabel(domain: Octets): Octets | NotOk {
  if (isAscii(domain)) return domain;
  const unicode = unicodeFromOctets(domain);
  const ascii = unicode === undefined ? '' : domainToASCII(unicode);
  const problem = ascii === '' ? undefined : labelProblem(domainToUnicode(ascii));
  if (problem !== undefined) return toAlabelProblem(domain, problem);
  if (ascii !== '') return ascii;
  if (unicode !== undefined && CONTEXT_J.test(unicode)) return toAlabelProblem(domain, 'string contains a forbidden context-j character');
  return toAlabelProblem(domain, unicode === undefined ? 'string encoding error' : 'A-label roundtrip failed');
}

/** What IDNA 2008 forbids in a label that is not ASCII, where Unicode's compatible processing (UTS 46) takes it. RFC 5891 s4.2.3, RFC 5892. */
function labelProblem(domain: Unicode): string | undefined {
  for (const label of domain.split('.')) {
    if (isAscii(label)) continue;
    if (label.startsWith('-') || label.endsWith('-')) return 'string start/ends with forbidden hyphen';
    if (label.slice(2, 4) === '--') return 'string contains forbidden two hyphens pattern';
    if (DISALLOWED.test(label)) return 'string contains a disallowed character';
  }
  return undefined;
}

const CONTEXT_J = /[\u200c\u200d]/;

/** Symbols, punctuation and spaces, but for those that stand in words of some scripts. RFC 5892 s2.6. */
const DISALLOWED = /(?![\0-\x7f\u00b7\u0375\u05f3\u05f4\u30fb])[\p{S}\p{P}\p{Z}]/u;

export function domainFromAlabel(domain: Octets): Octets | NotOk {
  if (!domain.includes(PREFIX)) return domain.replace(SINGLE_DOT_AT_END, '');
  if (!isAscii(domain)) return fromAlabelProblem(domain, 'Invalid input');
  const unicode = domainToUnicode(domain.replace(SINGLE_DOT_AT_END, ''));
  return unicode === '' ? fromAlabelProblem(domain, 'string encoding error') : octetsFromUnicode(unicode);
}

export function localPartToAlabel(localPart: Octets): Octets | NotOk {
  if (isAscii(localPart)) return localPart;
  const unicode = unicodeFromOctets(localPart);
  if (unicode === undefined) return toAlabelProblem(localPart, 'l_u2a: bad UTF-8 input');
  return PREFIX + encodePunycode(unicode);
}

export function localPartFromAlabel(localPart: Octets): Octets | NotOk {
  if (!localPart.startsWith(PREFIX)) return fromAlabelProblem(localPart, 'bad alabel prefix');
  if (!isAscii(localPart)) return fromAlabelProblem(localPart, 'Invalid input');
  const unicode = decodePunycode(localPart.slice(PREFIX.length));
  return unicode === undefined ? fromAlabelProblem(localPart, 'string encoding error') : octetsFromUnicode(unicode);
}

function toAlabelProblem(text: Octets, reason: string): NotOk {
  return fail(`error converting utf8 (${printable(text, { escapeHigh: true })}) to alabel: ${reason}`);
}

function fromAlabelProblem(text: Octets, reason: string): NotOk {
  return fail(`error converting alabel (${printable(text, { escapeHigh: true })}) to utf8: ${reason}`);
}
