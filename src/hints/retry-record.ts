/** Retry records: when something first failed, was last tried and is next due. Spec ch. 32 "Retry configuration". */
import type { Octets } from '../base/octets.ts';
import type { Hints, RetryError } from '../core/index.ts';

/** Times are seconds since the epoch. */
export interface RetryRecord {
  /** Exim's number of the error, as `defer (n)` shows it. */
  readonly errorNumber: number;
  readonly error: RetryError;
  readonly firstFailed: number;
  readonly lastTry: number;
  readonly nextTry: number;
  /** The cutoff of the last algorithm has been passed. */
  readonly isExpired: boolean;
  readonly text: Octets;
}

export const RETRY_DATABASE = 'retry';

const FORM = /^(-?[0-9]+) ([^ ]*) ([A-Z]*) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([*-]) (.*)$/s;

export function formatRetryRecord(record: RetryRecord): Octets {
  const { errorNumber, error, firstFailed, lastTry, nextTry, isExpired, text } = record;
  return `${errorNumber} ${error.name} ${error.detail} ${error.more} ${firstFailed} ${lastTry} ${nextTry} ${isExpired ? '*' : '-'} ${text}`;
}

/** Undefined for what we did not write. */
export function parseRetryRecord(value: Octets): RetryRecord | undefined {
  const found = FORM.exec(value);
  if (!found) return undefined;
  const number = (index: number) => Number.parseInt(found[index] ?? '0', 10);
  return {
    errorNumber: number(1),
    error: { name: found[2] ?? '', detail: found[3] ?? '', more: number(4) },
    firstFailed: number(5),
    lastTry: number(6),
    nextTry: number(7),
    isExpired: found[8] === '*',
    text: found[9] ?? '',
  };
}

/** Exim's `more_errno`: the host's kind (A or M) below, the last two digits of a 4xx reply above. */
export function moreErrno(error: RetryError): number {
  const kind = error.detail === 'MX' ? 0x4d : error.detail === 'A' ? 0x41 : 0;
  if (/_4xx$/.test(error.name)) return ((error.more & 0xff) << 8) | kind;
  return error.name === 'quota' ? error.more : kind;
}

/** As `exim_dumpdb` prints a record; `time` formats seconds as `21-Nov-2026 13:31:19`. */
export function dumpRetryRecord(key: Octets, record: RetryRecord, time: (seconds: number) => Octets): Octets {
  return `  ${key} ${record.errorNumber} ${moreErrno(record.error)} ${record.text}\n${time(record.firstFailed)}  ${time(record.lastTry)}  ${time(record.nextTry)} ${record.isExpired ? '*' : ''}\n`;
}

/** Reads a record, ignoring one that nobody updated for `expireSeconds` (`retry_data_expire`). */
export function findRetryRecord(hints: Hints, key: Octets, nowSeconds: number, expireSeconds: number): RetryRecord | undefined {
  const value = hints.get(RETRY_DATABASE, key);
  const record = value === undefined ? undefined : parseRetryRecord(value);
  return record !== undefined && nowSeconds - record.lastTry <= expireSeconds ? record : undefined;
}

/** Errors that retry rules name, by Exim's number; of the others they know only `*`. */
const NAMED_ERRORS: ReadonlyMap<number, string> = new Map([
  [110, 'timeout'],
  [111, 'refused'],
  [-18, 'lost_connection'],
  [-22, 'quota'],
  [-38, 'tls_required'],
  [-42, 'auth_failed'],
  [-44, 'rcpt_4xx'],
  [-45, 'mail_4xx'],
  [-46, 'data_4xx'],
]);

/** The error that a record with these numbers is about: the reverse of {@link moreErrno}. */
export function withNumbers(errorNumber: number, more: number): Pick<RetryRecord, 'errorNumber' | 'error'> {
  const name = NAMED_ERRORS.get(errorNumber) ?? '';
  if (name === 'quota') return { errorNumber, error: { name, detail: '', more: Math.max(0, more) } };
  const kind = more & 0xff;
  return { errorNumber, error: { name, detail: kind === 0x4d ? 'MX' : kind === 0x41 ? 'A' : '', more: (more >> 8) & 0xff } };
}
