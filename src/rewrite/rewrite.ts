/** Rewriting of addresses in envelopes and header lines by rules. Spec ch. 31 "Address rewriting". */
import type { Octets } from '../base/octets.ts';
import { trimEnd, upperCase } from '../base/octets.ts';
import type { Address } from '../core/address.ts';
import type { RewriteRule } from '../core/config.ts';
import type { Frame } from '../core/frame.ts';
import { withCaptures } from '../core/frame.ts';
import type { HeaderLine, HeaderType } from '../core/message.ts';
import type { Text } from '../core/text.ts';
import { parseAddress, parseAddressList } from '../message/address.ts';
import { encodeWords, needsEncoding } from '../message/header.ts';
import { matchPattern } from './pattern.ts';

/** What an address is part of; the names are those of -brw and of log lines. */
export type RewritePlace = HeaderPlace | 'env-from' | 'env-to';
export type HeaderPlace = 'sender' | 'from' | 'to' | 'cc' | 'bcc' | 'reply-to';

export const HEADER_PLACES: readonly HeaderPlace[] = ['sender', 'from', 'to', 'cc', 'bcc', 'reply-to'];

/** Flags besides which a rule applies everywhere. Spec ch. 31 "Flags specifying which headers and envelope addresses to rewrite". */
const PLACE_FLAGS: ReadonlyMap<RewritePlace, Octets> = new Map<RewritePlace, Octets>([
  ['env-from', 'EF'],
  ['env-to', 'ET'],
  ['sender', 'hs'],
  ['from', 'hf'],
  ['to', 'ht'],
  ['cc', 'hc'],
  ['bcc', 'hb'],
  ['reply-to', 'hr'],
]);

const PLACE_OF_HEADER: ReadonlyMap<HeaderType, HeaderPlace> = new Map<HeaderType, HeaderPlace>([
  ['S', 'sender'],
  ['F', 'from'],
  ['T', 'to'],
  ['C', 'cc'],
  ['B', 'bcc'],
  ['R', 'reply-to'],
]);

export const ADDRESS_HEADER_TYPES: ReadonlySet<HeaderType> = new Set(PLACE_OF_HEADER.keys());

const MAX_REPEATS = 10;

export interface Rewritten {
  /** The working part. */
  readonly address: Octets;
  /** What replaces the whole item in a header, of a rule with the flag `w`. */
  readonly whole: Octets | undefined;
}

/**
 * Rewrites one qualified address. What goes wrong is written to the panic log and ends the rewriting; the address stays as far as it
 * had been rewritten. `rules` are the configuration's, or a transport's.
 */
export async function rewriteAddress(
  address: Octets,
  place: RewritePlace,
  frame: Frame,
  rules: readonly RewriteRule[] = frame.config.rewriteRules,
  isLogged = true,
): Promise<Rewritten> {
  let current: Rewritten = { address, whole: undefined };
  for (const [index, rule] of rules.entries()) {
    if (!appliesTo(rule, place)) continue;
    for (let count = 0; ; count++) {
      if (count > MAX_REPEATS) {
        frame.services.log.panic('rewrite rule repeat ignored after 10 times');
        break;
      }
      const step = await applyRule(rule, current.address, place, frame);
      if (step.kind === 'no-match') break;
      if (step.kind === 'stop') return current;
      if (step.kind === 'rewritten') {
        if (isLogged) logRewriting(frame, `"${current.address}" from ${place}: rewritten as "${step.result.address}" by rule ${index + 1}`);
        current = step.result;
      }
      if (rule.flags.includes('R') && step.kind === 'rewritten') continue;
      if (rule.flags.includes('q')) return current;
      break;
    }
  }
  return current;
}

function logRewriting(frame: Frame, line: Octets): void {
  const { log } = frame.services;
  if (log.selected('address_rewrite')) log.main(line);
  log.debug('rewrite', () => line);
}

function appliesTo(rule: RewriteRule, place: RewritePlace): boolean {
  if (rule.flags.includes('S')) return false;
  if (!/[EFTbcfhrst]/.test(rule.flags)) return true;
  return [...(PLACE_FLAGS.get(place) ?? '')].some((flag) => rule.flags.includes(flag));
}

type Step =
  | { readonly kind: 'rewritten'; readonly result: Rewritten }
  /** `fail` in the replacement. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'no-match' }
  | { readonly kind: 'stop' };

async function applyRule(rule: RewriteRule, address: Octets, place: RewritePlace, frame: Frame): Promise<Step> {
  const captures = await matchPattern(rule.patternTemplate, address, frame);
  if (!captures) return { kind: 'no-match' };
  if (rule.replacement.source === '*') return { kind: 'stop' };
  const expanded = await rule.replacement.evaluate(withCaptures({ ...frame, address: addressView(address) }, captures));
  switch (expanded.kind) {
    case 'forced-fail':
      return { kind: 'unchanged' };
    case 'fail':
    case 'defer':
      frame.services.log.panic(`Expansion of ${rule.replacement.source} failed while rewriting: ${expanded.message}`);
      return { kind: 'stop' };
    case 'ok':
      return accept(rule, address, expanded.value, place, frame);
  }
}

/** Checks what a rule made of an address. */
function accept(rule: RewriteRule, address: Octets, made: Text, place: RewritePlace, frame: Frame): Step {
  const { main } = frame.config;
  const { log } = frame.services;
  const parsed = parseAddress(made.octets, { allowsUtf8Domains: main.allow_utf8_domains, allowsEmpty: place === 'env-from' });
  if (parsed.kind === 'error') {
    log.panic(`Rewrite of ${address} yielded unparseable address: ${parsed.message} in address ${made.octets}`);
    return { kind: 'stop' };
  }
  if (parsed.address === '') return { kind: 'rewritten', result: { address: '', whole: undefined } };
  if (parsed.domain === '' && !rule.flags.includes('Q')) {
    log.panic(`Rewrite of ${address} yielded unqualified address "${parsed.address}"`);
    return { kind: 'stop' };
  }
  const qualified = parsed.domain === '' ? `${parsed.address}@${main.qualify_recipient}` : parsed.address;
  const whole = rule.flags.includes('w') ? encodePhrase(made.octets, parsed.from, main.headers_charset ?? 'UTF-8') : undefined;
  return { kind: 'rewritten', result: { address: qualified, whole } };
}

/** Encodes the phrase before the working part where it is not plain text. RFC 2047. */
function encodePhrase(text: Octets, from: number, charset: Octets): Octets {
  const angle = text.lastIndexOf('<', from);
  const phrase = trimEnd(text.slice(0, Math.max(angle, 0)));
  return needsEncoding(phrase) ? `${encodeWords(phrase, charset)} ${text.slice(angle)}` : text;
}

/** `$local_part` and `$domain` are those of the address that is rewritten, in its own case. */
function addressView(address: Octets): Address {
  const at = address.lastIndexOf('@');
  return {
    kind: 'mailbox',
    address,
    original: address,
    unique: address,
    recipientIndex: 0,
    localPart: at < 0 ? address : address.slice(0, at),
    domain: at < 0 ? '' : address.slice(at + 1),
    inherited: { headersAdd: [], headersRemove: [], routerVariables: new Map() },
    state: { headersAdd: [], headersRemove: [], routerVariables: new Map() },
  };
}

// ---------------------------------------------------------------- header lines

/**
 * Rewrites the addresses of header lines. A line that changes is marked deleted and the new one follows it. Unqualified and malformed
 * addresses stay as they are.
 */
export async function rewriteHeaders(
  headers: readonly HeaderLine[],
  frame: Frame,
  rules: readonly RewriteRule[] = frame.config.rewriteRules,
): Promise<readonly HeaderLine[]> {
  if (rules.length === 0) return headers;
  const result: HeaderLine[] = [];
  for (const header of headers) {
    const place = PLACE_OF_HEADER.get(header.type);
    const text = place === undefined ? header.text : await rewriteHeaderText(header.text, place, frame, rules);
    if (text === header.text) result.push(header);
    else result.push({ ...header, type: '*' }, { ...header, text });
  }
  return result;
}

async function rewriteHeaderText(text: Octets, place: HeaderPlace, frame: Frame, rules: readonly RewriteRule[]): Promise<Octets> {
  const colon = text.indexOf(':') + 1;
  return text.slice(0, colon) + (await rewriteAddressText(text.slice(colon), place, frame, rules));
}

/** Rewrites every address of a header's value, leaving phrases, comments and white space. */
export async function rewriteAddressText(
  value: Octets,
  place: HeaderPlace,
  frame: Frame,
  rules: readonly RewriteRule[] = frame.config.rewriteRules,
): Promise<Octets> {
  let result = '';
  let copied = 0;
  for (const item of parseAddressList(value, { allowsUtf8Domains: frame.config.main.allow_utf8_domains })) {
    if (item.kind === 'error' || item.domain === '') continue;
    const rewritten = await rewriteAddress(item.address, place, frame, rules);
    if (rewritten.address === item.address && rewritten.whole === undefined) continue;
    const from = rewritten.whole === undefined ? item.from : value.indexOf(item.text, copied);
    const to = rewritten.whole === undefined ? item.to : from + item.text.length;
    result += value.slice(copied, from) + (rewritten.whole ?? rewritten.address);
    copied = to;
  }
  return result + value.slice(copied);
}

// ---------------------------------------------------------------- at SMTP time

/**
 * Rules with the flag S, applied to the argument of MAIL or RCPT as it came, before its syntax is looked at. Undefined: no rule
 * changed it. Spec ch. 31 "The SMTP-time rewriting flag".
 */
export async function rewriteSmtpArgument(argument: Octets, frame: Frame): Promise<Octets | undefined> {
  let current = argument;
  for (const rule of frame.config.rewriteRules) {
    if (!rule.flags.includes('S')) continue;
    const captures = await matchPattern(rule.patternTemplate, current, frame);
    if (!captures) continue;
    const expanded = await rule.replacement.evaluate(withCaptures(frame, captures));
    if (expanded.kind === 'fail' || expanded.kind === 'defer') {
      frame.services.log.panic(`Expansion of ${rule.replacement.source} failed while rewriting: ${expanded.message}`);
      break;
    }
    if (expanded.kind === 'ok') {
      const parsed = parseAddress(expanded.value.octets, { allowsEmpty: true });
      if (parsed.kind === 'error') {
        frame.services.log.panic(
          `Rewrite of ${current} yielded unparseable address: ${parsed.message} in address ${expanded.value.octets}`,
        );
        break;
      }
      logRewriting(frame, `"${current}" from SMTP: rewritten as "${expanded.value.octets}"`);
      current = expanded.value.octets;
    }
    if (rule.flags.includes('q')) break;
  }
  return current === argument ? undefined : current;
}

/** The first letter in upper case, as -brw begins a message. */
export function capitalized(message: Octets): Octets {
  return upperCase(message.slice(0, 1)) + message.slice(1);
}
