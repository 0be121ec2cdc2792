/** The argument of `ratelimit`: `<limit> / <period> / <options> / <key>`. Spec ch. 44 "Rate limiting incoming messages". */
import { lowerCase, type Octets } from '../../base/octets.ts';
import { sizeFactor } from '../../base/size-suffix.ts';
import { parseTimeSpan } from '../../base/time-span.ts';
import type { AclPhase, Lists } from '../../core/index.ts';
import { allPhasesBut, phaseName } from '../phases.ts';

/** What is measured, as it stands in the key of the record; `per_byte` is `per_mail` with another count, `per_addr` is `per_rcpt`. */
export type RateMode = 'per_mail' | 'per_rcpt' | 'per_conn' | 'per_cmd';
export type UpdateMode = 'leaky' | 'strict' | 'readonly';

export interface RateQuestion {
  /** As written: `$sender_rate_limit`, `$sender_rate_period`. */
  readonly limitText: Octets;
  readonly periodText: Octets;
  readonly limit: number;
  readonly periodSeconds: number;
  readonly mode: RateMode;
  readonly update: UpdateMode;
  /** `count=`; undefined: what the mode counts. */
  readonly count: number | undefined;
  readonly countsOctets: boolean;
  /** `unique=`; `recipient`: `per_addr` without one. */
  readonly unique: { readonly event: Octets } | 'recipient' | undefined;
  /** Undefined: the sending host's address. */
  readonly key: Octets | undefined;
}

export type ParsedRate = { readonly kind: 'ok'; readonly question: RateQuestion } | { readonly kind: 'error'; readonly message: Octets };

/** Where a mode's events happen; elsewhere its rate can only be read. */
const COUNTED_IN: Readonly<Record<RateMode, readonly AclPhase[]>> = {
  per_mail: ['mail', 'rcpt', 'predata', 'mime', 'data', 'not_smtp'],
  per_rcpt: ['rcpt', 'predata', 'mime', 'data'],
  per_conn: allPhasesBut('not_smtp', 'not_smtp_mime', 'not_smtp_start'),
  per_cmd: allPhasesBut(),
};

const MODES: ReadonlyMap<string, RateMode> = new Map<string, RateMode>([
  ['per_mail', 'per_mail'],
  ['per_byte', 'per_mail'],
  ['per_rcpt', 'per_rcpt'],
  ['per_addr', 'per_rcpt'],
  ['per_conn', 'per_conn'],
  ['per_cmd', 'per_cmd'],
]);

const UPDATES: ReadonlyMap<string, UpdateMode> = new Map<string, UpdateMode>([
  ['leaky', 'leaky'],
  ['strict', 'strict'],
  ['readonly', 'readonly'],
  ['noupdate', 'readonly'],
]);

export function parseRatelimit(text: Octets, phase: AclPhase, lists: Lists): ParsedRate {
  const bad = (message: Octets): ParsedRate => ({ kind: 'error', message: `error in arguments to "ratelimit" condition: ${message}` });
  const [limitText = '', periodText, ...options] = lists.split(`</${text}`);
  if (text === '') return bad('sender rate limit not set');
  const limit = parseNumber(limitText, true);
  if (limit === undefined) return bad(`"${limitText}" is not a positive number`);
  const periodSeconds = parseTimeSpan(periodText ?? '');
  if (periodText === undefined || periodText === '' || periodSeconds === undefined || periodSeconds === 0)
    return bad(`"${periodText === undefined || periodText === '' ? 'NULL' : periodText}" is not a time value`);
  let mode: RateMode | undefined;
  let update: UpdateMode | undefined;
  let count: number | undefined;
  let countsOctets = false;
  let unique: RateQuestion['unique'];
  let isPerAddress = false;
  const keys: Octets[] = [];
  for (const option of options) {
    const itsMode = MODES.get(lowerCase(option));
    const itsUpdate = UPDATES.get(lowerCase(option));
    if (itsMode !== undefined) {
      if (mode !== undefined) return bad('conflicting per_* options');
      mode = itsMode;
      if (mode === 'per_rcpt' && phase !== 'rcpt') count = undefined; // recipients are counted, unless something else is said behind it
      countsOctets = lowerCase(option) === 'per_byte';
      isPerAddress = lowerCase(option) === 'per_addr';
    } else if (itsUpdate !== undefined) {
      if (update !== undefined && update !== itsUpdate) return bad('conflicting update modes');
      update = itsUpdate;
    } else if (option.startsWith('count=')) {
      count = parseNumber(option.slice('count='.length), false);
      if (count === undefined) return bad(`"${option}" is not a positive number`);
    } else if (option.startsWith('unique=')) unique = { event: option.slice('unique='.length) };
    else if (option !== '') keys.push(option);
  }
  if (isPerAddress) unique ??= 'recipient';
  if (mode !== undefined && !isCountedIn(mode, isPerAddress, phase)) {
    if (update !== undefined && update !== 'readonly')
      return bad(`"${mode}" must not have /leaky or /strict option, or cannot be used in ${phaseName(phase)} ACL`);
    update = 'readonly';
  }
  return {
    kind: 'ok',
    question: {
      limitText,
      periodText,
      limit,
      periodSeconds,
      mode: mode ?? 'per_mail',
      update: update ?? 'leaky',
      count,
      countsOctets,
      unique,
      key: keys.length === 0 ? undefined : keys.join('/'),
    },
  };
}

function isCountedIn(mode: RateMode, isPerAddress: boolean, phase: AclPhase): boolean {
  return isPerAddress ? phase === 'rcpt' : COUNTED_IN[mode].includes(phase);
}

/** How a record is found: what changes the meaning of the stored rate is in its key. */
export function rateKey({ periodText, mode, unique, key }: RateQuestion, hostAddress: Octets): Octets {
  return `${periodText}/${mode}/${unique === undefined ? '' : 'unique/'}${key ?? hostAddress}`;
}

/** As strtod reads it: decimal with exponent, or hexadecimal; empty is 0. Undefined when it is no number or negative. */
function parseNumber(text: Octets, takesFactor: boolean): number | undefined {
  const [, digits = '', factor = ''] = (takesFactor ? /^(.*?)([kKmMgG]?)$/s : /^(.*)$/s).exec(text) ?? [];
  const scale = sizeFactor(factor) ?? 1;
  if (digits === '') return 0;
  const hexadecimal = /^[+]?0[xX]([0-9a-fA-F]+)$/.exec(digits);
  if (hexadecimal) return Number.parseInt(hexadecimal[1] ?? '', 16) * scale;
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(digits)) return undefined;
  const value = Number.parseFloat(digits) * scale;
  return value < 0 || !Number.isFinite(value) ? undefined : value;
}
