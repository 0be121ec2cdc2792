/** `exim_msgdate [options] <message id> …`: when messages were begun, by their ids. Options as in its manual page exim_msgdate(8); Spec ch. 3 "Message identification". */
import type { Octets } from '../base/octets.ts';
import { lowerCase, octetsFromBytes } from '../base/octets.ts';
import type { Clock, Files } from '../core/ports.ts';
import { SystemClock } from '../system/clock.ts';
import type { ToolIo } from './exim_dbmbuild.ts';

interface Options {
  readonly form: 'unix' | 'utc' | 'local';
  readonly base: 36 | 62;
  readonly showsPid: boolean;
  readonly localhostNumber: number | undefined;
  readonly ids: readonly Octets[];
}

type Reading =
  | { readonly kind: 'ok'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'error'; readonly message: Octets };

const USAGE = `Usage: exim_msgdate [--unix | --GMT | --UTC | --zulu | --local] [--base 36 | --base 62]
                    [--pid] [--localhost_number n] [-c file] message-id ...
  --unix              seconds since the epoch
  --GMT --UTC --zulu  in universal time
  --local             in the local time zone (the default)
  --base n            ids are in base 62 (the default) or 36
  --pid               the process that began the message, too
  --localhost_number  as in the configuration: it changes the last part of ids
  -c                  a configuration file to find localhost_number in
`;

/** As the program. */
export function runEximMsgdate(args: readonly Octets[], io: ToolIo, files: Files): Promise<number> {
  return Promise.resolve(showDates(args, { io, files, clock: new SystemClock() }));
}

export interface MsgdateParts {
  readonly io: Pick<ToolIo, 'stdout' | 'stderr'>;
  readonly files: Pick<Files, 'readFile'>;
  readonly clock: Pick<Clock, 'localOffsetSeconds'>;
}

/** The exit status. */
export function showDates(args: readonly Octets[], { io, files, clock }: MsgdateParts): number {
  const reading = readArguments(args, files);
  if (reading.kind === 'help') {
    io.stdout.write(USAGE);
    return 0;
  }
  if (reading.kind === 'error') {
    io.stderr.write(`exim_msgdate: ${reading.message}\n`);
    return 1;
  }
  const { options } = reading;
  for (const id of options.ids) {
    const facts = factsOfId(id, options);
    if (facts.kind === 'error') {
      io.stderr.write(`${facts.message}\n`);
      return 1;
    }
    const pid = options.showsPid && facts.pid !== undefined ? ` pid=${facts.pid}` : '';
    io.stdout.write(`${formatTime(facts.seconds, facts.fraction, options.form, clock)}${pid}\n`);
  }
  return 0;
}

/** Case does not count in names, and a name may be cut as long as it is clear. */
const NAMES = [
  'unix',
  'u',
  'gmt',
  'utc',
  'zulu',
  'z',
  'local',
  'l',
  'base',
  'base36',
  'b36',
  'base62',
  'b62',
  'pid',
  'debug',
  'localhost_number',
  'c',
  'help',
  'man',
] as const;
type Name = (typeof NAMES)[number];
const WITH_VALUE: ReadonlySet<Name> = new Set<Name>(['base', 'localhost_number', 'c']);

function findName(text: Octets): Name | undefined {
  const exact = NAMES.find((name) => name === lowerCase(text));
  if (exact !== undefined) return exact;
  const begun = NAMES.filter((name) => name.startsWith(lowerCase(text)));
  return begun.length === 1 ? begun[0] : undefined;
}

function readArguments(args: readonly Octets[], files: Pick<Files, 'readFile'>): Reading {
  let form: Options['form'] = 'local';
  let base: Options['base'] = 62;
  let showsPid = false;
  let localhostNumber: number | undefined;
  const ids: Octets[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const option = /^--?([A-Za-z][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(arg);
    if (!option) {
      ids.push(arg);
      continue;
    }
    const name = findName(option[1] ?? '');
    if (name === undefined) return { kind: 'error', message: `Unknown option: ${option[1] ?? ''}` };
    const value = WITH_VALUE.has(name) ? (option[2] ?? rest.shift()) : undefined;
    if (WITH_VALUE.has(name) && value === undefined) return { kind: 'error', message: `Option ${name} requires an argument` };
    switch (name) {
      case 'help':
      case 'man':
        return { kind: 'help' };
      case 'unix':
      case 'u':
        form = 'unix';
        break;
      case 'gmt':
      case 'utc':
      case 'zulu':
      case 'z':
        form = 'utc';
        break;
      case 'local':
      case 'l':
        form = 'local';
        break;
      case 'base':
        if (value !== '36' && value !== '62') return { kind: 'error', message: `base is ${value}: it must be 36 or 62` };
        base = value === '36' ? 36 : 62;
        break;
      case 'base36':
      case 'b36':
        base = 36;
        break;
      case 'base62':
      case 'b62':
        base = 62;
        break;
      case 'pid':
        showsPid = true;
        break;
      case 'debug':
        break;
      case 'localhost_number':
        localhostNumber = numberOf(value);
        if (localhostNumber === undefined) return { kind: 'error', message: `localhost_number "${value}" is not a number` };
        break;
      case 'c': {
        const content = files.readFile(value ?? '');
        if (content.kind === 'error') return { kind: 'error', message: `cannot read ${value}: ${content.reason}` };
        localhostNumber ??= numberOf(/^[ \t]*localhost_number[ \t]*=[ \t]*([0-9]+)[ \t]*$/m.exec(octetsFromBytes(content.value))?.[1]);
        break;
      }
    }
  }
  if (ids.length === 0) return { kind: 'error', message: 'no message id given' };
  return { kind: 'ok', options: { form, base, showsPid, localhostNumber, ids } };
}

function numberOf(text: Octets | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,4}$/.test(text) ? Number.parseInt(text, 10) : undefined;
}

type IdFacts =
  | {
      readonly kind: 'ok';
      readonly seconds: number /** In microseconds; undefined when the id does not tell. */;
      readonly fraction: number | undefined;
      readonly pid: bigint | undefined;
    }
  | { readonly kind: 'error'; readonly message: Octets };

/** Seconds; or seconds, process, fraction of 4.97 and of before. An E may stand in front, as in Message-Id. */
const ID = /^E?([0-9A-Za-z]{6})(?:-([0-9A-Za-z]{11})-([0-9A-Za-z]{4})|-([0-9A-Za-z]{6})-([0-9A-Za-z]{2}))?$/;

function factsOfId(id: Octets, { base, localhostNumber }: Options): IdFacts {
  const match = ID.exec(id);
  const seconds = match ? numberInBase(match[1] ?? '', base) : undefined;
  if (!match || seconds === undefined) return { kind: 'error', message: `${id}: not a message id` };
  const isLong = match[2] !== undefined;
  const pid = numberInBase(match[2] ?? match[4] ?? '', base);
  const last = numberInBase(match[3] ?? match[5] ?? '', base);
  if (last === undefined) return { kind: 'ok', seconds: Number(seconds), fraction: undefined, pid };
  const perSecond = ticksPerSecond(isLong, base, localhostNumber !== undefined);
  const ticks = Number(last) % perSecond;
  const host = Math.floor(Number(last) / perSecond);
  if (localhostNumber !== undefined && host !== localhostNumber)
    return { kind: 'error', message: `localhost ${host} from message-id != given number ${localhostNumber}` };
  return { kind: 'ok', seconds: Number(seconds), fraction: Math.floor((ticks * 1_000_000) / perSecond), pid };
}

/** How the last part counts: in halves of that with `localhost_number`, before 4.97 in less. */
function ticksPerSecond(isLong: boolean, base: 36 | 62, isNumbered: boolean): number {
  if (isLong) return isNumbered ? 500_000 : 1_000_000;
  if (base === 62) return isNumbered ? 200 : 2_000;
  return isNumbered ? 100 : 1_000;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Undefined for '' and for what has other digits. */
function numberInBase(text: Octets, base: 36 | 62): bigint | undefined {
  if (text === '') return undefined;
  let value = 0n;
  for (const char of text) {
    const digit = DIGITS.indexOf(char);
    if (digit < 0 || digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return value;
}

/** `2026-11-21 13:31:19.171165 +0000`, `1795267879.171165`. */
function formatTime(seconds: number, fraction: number | undefined, form: Options['form'], clock: MsgdateParts['clock']): Octets {
  const decimals = fraction === undefined ? '' : `.${String(fraction).padStart(6, '0')}`;
  if (form === 'unix') return `${seconds}${decimals}`;
  const offset = form === 'utc' ? 0 : clock.localOffsetSeconds('', seconds * 1000);
  const [date = '', time = ''] = new Date((seconds + offset) * 1000).toISOString().split(/[T.]/);
  const minutes = Math.abs(Math.round(offset / 60));
  const zone = `${offset < 0 ? '-' : '+'}${String(Math.floor(minutes / 60)).padStart(2, '0')}${String(minutes % 60).padStart(2, '0')}`;
  return `${date} ${time}${decimals} ${zone}`;
}
