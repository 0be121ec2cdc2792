/** SMTP commands as a server reads them. RFC 5321 s4.1; parameters: RFC 1870, 6152, 4954, 3461, 6531, PRDR. Pure functions. */
import type { Octets } from '../base/octets.ts';
import { lowerCase, trimEnd, trimSpace, trimStart, upperCase } from '../base/octets.ts';
import { decodeXtext } from './xtext.ts';

/** Verbs that are a word of their own. */
const WORDS = [
  'HELO',
  'EHLO',
  'DATA',
  'BDAT',
  'RSET',
  'NOOP',
  'QUIT',
  'HELP',
  'VRFY',
  'EXPN',
  'ETRN',
  'AUTH',
  'STARTTLS',
  'XCLIENT',
  'WELLKNOWN',
  'ATRN',
] as const;
export const VERBS = [...WORDS, 'MAIL', 'RCPT'] as const;

export type Verb = (typeof VERBS)[number];

export interface Command {
  /** Undefined: not recognized. */
  readonly verb: Verb | undefined;
  /** What follows the verb (for MAIL and RCPT: the colon), white space removed. */
  readonly argument: Octets;
  /** The line without white space at its end. */
  readonly line: Octets;
}

const VERB_OF_WORD: ReadonlyMap<string, Verb> = new Map(WORDS.map((verb) => [verb, verb]));

const PATH_COMMAND = /^(MAIL FROM|RCPT TO):/;

/** Reads a command line (without its line end). Verbs are recognized in either case. */
export function parseCommand(line: Octets): Command {
  const text = trimEnd(line);
  const path = PATH_COMMAND.exec(upperCase(text.slice(0, 64)));
  if (path) return { verb: path[0].startsWith('M') ? 'MAIL' : 'RCPT', argument: trimSpace(text.slice(path[0].length)), line: text };
  const end = text.search(/[^A-Za-z]/);
  const word = end < 0 ? text : text.slice(0, end);
  const separator = end < 0 ? '' : text[end];
  const verb = separator === '' || separator === ' ' ? VERB_OF_WORD.get(upperCase(word.slice(0, 16))) : undefined;
  return { verb: word.length > 16 ? undefined : verb, argument: end < 0 ? '' : trimStart(text.slice(end)), line: text };
}

/** Which parameters the server has advertised: others are taken as part of the address, as Exim does. */
export interface AdvertisedParameters {
  readonly size: boolean;
  readonly body: boolean;
  readonly dsn: boolean;
  readonly prdr: boolean;
  readonly smtputf8: boolean;
}

export interface MailParameters {
  /** What is left: the address. */
  readonly address: Octets;
  /** Octets of SIZE=; undefined when not given. Not above 2^31-1. */
  readonly size?: number;
  readonly body?: '7BIT' | '8BITMIME';
  /** AUTH=, decoded; '' for `<>`. */
  readonly auth?: Octets;
  readonly authAsGiven?: Octets;
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: Octets;
  readonly isPrdr?: boolean;
  readonly isUtf8?: boolean;
}

export interface ParameterError {
  readonly kind: 'error';
  /** Follows `501 `. */
  readonly message: Octets;
}

const MAX_SIZE = 2 ** 31 - 1;
const NOTIFY = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'] as const;
export type Notify = (typeof NOTIFY)[number];

interface Parameter {
  readonly name: string;
  /** '' without `=`. */
  readonly value: Octets;
  readonly hasValue: boolean;
}

/** Cuts `NAME` or `NAME=value` from the end of the argument; undefined when there is none. A space within quotes is part of its word. */
function lastParameter(text: Octets): { readonly rest: Octets; readonly parameter: Parameter } | undefined {
  const from = startOfLastWord(text);
  const match = from === undefined ? undefined : /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\xff]*))?$/.exec(text.slice(from));
  if (!match) return undefined;
  const [, name = '', value] = match;
  return { rest: trimEnd(text.slice(0, from)), parameter: { name: upperCase(name), value: value ?? '', hasValue: value !== undefined } };
}

/** Undefined when there is but one, or a quote is not closed. */
function startOfLastWord(text: Octets): number | undefined {
  let at = text.length;
  for (; at > 0; at--) {
    const char = text[at - 1];
    if (char === ' ' || char === '\t') return at;
    if (char !== '"') continue;
    const open = at < 2 ? -1 : text.lastIndexOf('"', at - 2);
    if (open < 0) return undefined;
    at = open + 1;
  }
  return undefined;
}

/** Parameters stand behind the address: they are read from the end until something is none. */
export function parseMailArgument(
  argument: Octets,
  advertised: AdvertisedParameters,
): (MailParameters & { readonly kind: 'ok' }) | ParameterError {
  let found: Omit<MailParameters, 'address'> = {};
  let address = argument;
  for (let last = lastParameter(address); last; last = lastParameter(address)) {
    const read = readMailParameter(last.parameter, found, advertised);
    if (read === undefined) break;
    if ('message' in read) return read;
    found = { ...found, ...read };
    address = last.rest;
  }
  return { kind: 'ok', address, ...found };
}

function readMailParameter(
  { name, value, hasValue }: Parameter,
  found: Omit<MailParameters, 'address'>,
  advertised: AdvertisedParameters,
): Omit<MailParameters, 'address'> | ParameterError | undefined {
  switch (name) {
    case 'SIZE':
      return advertised.size ? { size: parseSize(value) } : undefined;
    case 'BODY': {
      if (!advertised.body) return undefined;
      if (hasValue && value === '') return {};
      const body: string = upperCase(value);
      return body === '7BIT' || body === '8BITMIME' ? { body } : failed('invalid data for BODY');
    }
    case 'AUTH': {
      if (!advertised.size) return undefined; // ESMTP at all
      const auth = value === '<>' ? '' : decodeXtext(value);
      return auth === undefined ? failed('invalid data for AUTH') : { auth, authAsGiven: value };
    }
    case 'RET': {
      if (!advertised.dsn) return undefined;
      if (found.ret !== undefined) return failed('RET can be specified once only');
      if (hasValue && value === '') return {};
      const ret: string = upperCase(value);
      return ret === 'FULL' || ret === 'HDRS' ? { ret } : failed('Value for RET is invalid');
    }
    case 'ENVID':
      if (!advertised.dsn) return undefined;
      return found.envid === undefined ? { envid: value } : failed('ENVID can be specified once only');
    case 'PRDR':
      return advertised.prdr ? { isPrdr: true } : {}; // without an offer it means nothing
    case 'SMTPUTF8':
      if (hasValue || !advertised.size) return undefined;
      return advertised.smtputf8 ? { isUtf8: true } : failed('SMTPUTF8 used when not advertised');
    default:
      return undefined;
  }
}

/** A sign is taken as C does: a negative size is one that nothing has room for. */
function parseSize(value: Octets): number {
  if (/^-[0-9]*[1-9]/.test(value)) return MAX_SIZE;
  return Math.min(MAX_SIZE, Number.parseInt(/^\+?([0-9]+)/.exec(value)?.[1] ?? '0', 10));
}

export interface RcptParameters {
  readonly address: Octets;
  /** As given. */
  readonly orcpt?: Octets;
  readonly notify?: readonly Notify[];
}

export function parseRcptArgument(
  argument: Octets,
  advertised: Pick<AdvertisedParameters, 'dsn'>,
): (RcptParameters & { readonly kind: 'ok' }) | ParameterError {
  let address = argument;
  let orcpt: Octets | undefined;
  let notify: readonly Notify[] | undefined;
  for (let last = lastParameter(address); last && advertised.dsn; last = lastParameter(address)) {
    const { name, value, hasValue } = last.parameter;
    if (name === 'ORCPT') {
      if (orcpt !== undefined) return failed('ORCPT can be specified once only');
      orcpt = value.includes(';') ? value : undefined; // without a type it is none
    } else if (name === 'NOTIFY') {
      if (notify !== undefined) return failed('NOTIFY can be specified once only');
      if (!hasValue || value !== '') {
        notify = parseNotify(value);
        if (notify === undefined) return failed('Invalid value for NOTIFY parameter');
      }
    } else break;
    address = last.rest;
  }
  return { kind: 'ok', address, ...(orcpt === undefined ? {} : { orcpt }), ...(notify === undefined ? {} : { notify }) };
}

/** NEVER stands alone, once; a comma at the end adds nothing. RFC 3461 s4.1. */
function parseNotify(value: Octets): readonly Notify[] | undefined {
  const words = upperCase(value).replace(/,$/, '').split(',');
  if (words.length > NOTIFY.length) return undefined;
  const found = NOTIFY.filter((word) => words.includes(word));
  if (!words.every((word) => found.some((known) => known === word))) return undefined;
  return found.includes('NEVER') && words.length > 1 ? undefined : found;
}

function failed(message: Octets): ParameterError {
  return { kind: 'error', message };
}

/** Whether the argument of HELO or EHLO is a name, or an address literal. `extraChars` is `helo_allow_chars`. */
export function isValidHelo(argument: Octets, extraChars: Octets, isLiteral: (text: Octets) => boolean): boolean {
  if (argument.startsWith('[')) return argument.endsWith(']') && isLiteral(lowerCase(argument.slice(1, -1)));
  if (argument === '') return false;
  for (const char of argument) if (!/[A-Za-z0-9.-]/.test(char) && !extraChars.includes(char)) return false;
  return true;
}
