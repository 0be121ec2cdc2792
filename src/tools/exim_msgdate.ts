/** `exim_msgdate [options] <message id> …`: when messages were begun, by their ids. Spec ch. 3 "Message identification". */
import { parseArgs } from 'node:util';
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes } from '../base/octets.ts';
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
                    [--pid] [--localhost_number n] [-c file | --config file] message-id ...
  --unix              seconds since the epoch
  --GMT --UTC --zulu  in universal time
  --local             in the local time zone (the default)
  --base n            ids are in base 62 (the default) or 36
  --pid               the process that began the message, too
  --localhost_number  as in the configuration: it changes the last part of ids
  -c --config         a configuration file to find localhost_number in
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

const OPTIONS = {
  unix: { type: 'boolean' },
  GMT: { type: 'boolean' },
  UTC: { type: 'boolean' },
  zulu: { type: 'boolean' },
  local: { type: 'boolean' },
  base: { type: 'string', default: '62' },
  pid: { type: 'boolean', default: false },
  localhost_number: { type: 'string' },
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', default: false },
} as const;

function readArguments(args: readonly Octets[], files: Pick<Files, 'readFile'>): Reading {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error) };
  }
  const { values, positionals: ids } = parsed;
  if (values.help) return { kind: 'help' };
  if (values.base !== '36' && values.base !== '62') return { kind: 'error', message: 'message ids are in base 36 or 62' };
  if (ids.length === 0) return { kind: 'error', message: 'no message id given' };
  const number = values.localhost_number === undefined ? numberInConfig(values.config, files) : wantedNumber(values.localhost_number);
  if (typeof number === 'string') return { kind: 'error', message: number };
  const form = values.unix ? 'unix' : values.GMT || values.UTC || values.zulu ? 'utc' : 'local';
  const base = values.base === '36' ? 36 : 62;
  return { kind: 'ok', options: { form, base, showsPid: values.pid, localhostNumber: number, ids } };
}

function parse(args: readonly Octets[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}

/** A text is what is wrong. */
function wantedNumber(text: Octets): number | string {
  return numberOf(text) ?? `"${text}" is no localhost_number`;
}

/** The number that a configuration sets; undefined when it sets none, or no file is named. */
function numberInConfig(path: Octets | undefined, files: Pick<Files, 'readFile'>): number | string | undefined {
  if (path === undefined) return undefined;
  const content = files.readFile(path);
  if (content.kind === 'error') return `cannot read ${path}: ${content.reason}`;
  return numberOf(/^[ \t]*localhost_number[ \t]*=[ \t]*([0-9]+)[ \t]*$/m.exec(octetsFromBytes(content.value))?.[1]);
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
    return { kind: 'error', message: `${id} was made where localhost_number is ${host}, not ${localhostNumber}` };
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
