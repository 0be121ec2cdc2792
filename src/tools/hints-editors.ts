/** How exim_fixdb shows the records of each hints database, and which of their fields it changes. Spec ch. 54 "exim_fixdb". */
import type { Octets } from '../base/octets.ts';
import type { Clock } from '../core/ports.ts';
import type { CalloutDomainRecord, CalloutFinding } from '../hints/callout-record.ts';
import { CALLOUT_DATABASE, formatCalloutRecord, parseCalloutRecord } from '../hints/callout-record.ts';
import { formatRateRecord, parseRateRecord, RATE_DATABASE, withEvent } from '../hints/rate-record.ts';
import { formatRetryRecord, moreErrno, parseRetryRecord, RETRY_DATABASE, type RetryRecord, withNumbers } from '../hints/retry-record.ts';
import { formatSeenRecord, parseSeenRecord, SEEN_DATABASE } from '../hints/seen-record.ts';
import { MISC_DATABASE, parseSerializeRecord } from '../hints/serialize-record.ts';

export interface EditContext {
  readonly clock: Clock;
  /** `21-Nov-2026 13:31:19`. */
  readonly formatTime: (seconds: number) => Octets;
}

export interface HintsEditor {
  /** All lines; undefined for what is not in our form. */
  show(value: Octets, context: EditContext): Octets | undefined;
  /** Undefined: there is no such field. `note` is said before the record is shown again. */
  edit(
    value: Octets,
    field: number,
    text: Octets,
    context: EditContext,
  ): { readonly value?: Octets | undefined; readonly note?: Octets | undefined } | undefined;
}

export function editorOf(database: Octets): HintsEditor | undefined {
  return EDITORS.get(database) ?? (database.startsWith('wait-') ? WAITING : undefined);
}

function lines(...texts: readonly Octets[]): Octets {
  return texts.map((text) => `${text}\n`).join('');
}

function nowSeconds({ clock }: EditContext): number {
  return Math.floor(clock.now() / 1000);
}

/** As atoi(): what follows the digits does not count. */
function toInteger(text: Octets): number {
  return Number.parseInt(/^[-+]?[0-9]+/.exec(text)?.[0] ?? '0', 10);
}

/**
 * Digit pairs for year, month, day, hour and minute, with colons between them where one likes; those that are left out at the beginning are
 * those of now. Local time. Undefined: bad.
 */
export function parseTime(text: Octets, { clock }: EditContext): number | undefined {
  const word = /^[^ \t]*/.exec(text)?.[0] ?? '';
  const pairs: number[] = [];
  let rest = word;
  for (; rest !== ''; rest = rest.replace(/:$|[0-9]{1,2}$/, '')) {
    const pair = /[0-9]{1,2}$/.exec(rest)?.[0];
    if (pair !== undefined) pairs.unshift(Number.parseInt(pair, 10));
    else if (!rest.endsWith(':')) return undefined;
    if (pairs.length > 5 || (pair?.length === 1 && rest.length > 1)) return undefined;
  }
  const now = clock.now();
  const local = new Date(now + clock.localOffsetSeconds('', now) * 1000);
  const fields = [local.getUTCFullYear(), local.getUTCMonth() + 1, local.getUTCDate(), local.getUTCHours(), local.getUTCMinutes()];
  fields.splice(5 - pairs.length, pairs.length, ...pairs);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = fields;
  const wall = Date.UTC(pairs.length === 5 ? 2000 + year : year, month - 1, day, hour, minute);
  return Math.floor(wall / 1000) - clock.localOffsetSeconds('', wall);
}

// ---------------------------------------------------------------- retry

const RETRY: HintsEditor = {
  show(value, { formatTime }) {
    const record = parseRetryRecord(value);
    if (record === undefined) return undefined;
    return lines(
      formatTime(record.lastTry),
      `0 error number: ${record.errorNumber} ${record.text}`,
      `1 extra data:   ${moreErrno(record.error)}`,
      `2 first failed: ${formatTime(record.firstFailed)}`,
      `3 last try:     ${formatTime(record.lastTry)}`,
      `4 next try:     ${formatTime(record.nextTry)}`,
      `5 expired:      ${record.isExpired ? 'yes' : 'no'}`,
    );
  },
  edit(value, field, text, context) {
    const record = parseRetryRecord(value);
    if (record === undefined) return {};
    const changed = (change: Partial<RetryRecord>) => ({ value: formatRetryRecord({ ...record, ...change }) });
    const timed = (change: (seconds: number) => Partial<RetryRecord>) => {
      const seconds = parseTime(text, context);
      return seconds === undefined ? { note: 'bad time value' } : changed(change(seconds));
    };
    switch (field) {
      case 0:
        return changed(withNumbers(toInteger(text), moreErrno(record.error)));
      case 1:
        return changed(withNumbers(record.errorNumber, toInteger(text)));
      case 2:
        return timed((firstFailed) => ({ firstFailed }));
      case 3:
        return timed((lastTry) => ({ lastTry }));
      case 4:
        return timed((nextTry) => ({ nextTry }));
      case 5:
        return text === 'yes' || text === 'no' ? changed({ isExpired: text === 'yes' }) : { note: '"yes" or "no" expected' };
      default:
        return undefined;
    }
  },
};

// ---------------------------------------------------------------- callout

const FINDINGS: readonly CalloutFinding[] = ['unknown', 'accept', 'reject', 'reject-mail-null'];

/** `accept (1)`; a domain that takes no `MAIL FROM:<>` has no word. */
function shownFinding(finding: CalloutFinding): Octets {
  return `${finding === 'reject-mail-null' ? 'unknown' : finding} (${FINDINGS.indexOf(finding)})`;
}

const CALLOUT: HintsEditor = {
  show(value, { formatTime }) {
    const record = parseCalloutRecord(value);
    if (record === undefined) return undefined;
    const head = lines(formatTime(record.atSeconds), `0 callout:    ${shownFinding(record.finding)}`);
    if (record.kind === 'address') return head;
    return head + lines(`1 postmaster: ${shownFinding(record.postmaster)}`, `2 random:     ${shownFinding(record.random)}`);
  },
  edit(value, field, text, context) {
    const record = parseCalloutRecord(value);
    if (record === undefined) return {};
    const atSeconds = nowSeconds(context);
    const finding = FINDINGS[toInteger(text)] ?? 'unknown';
    if (field === 0) return { value: formatCalloutRecord({ ...record, atSeconds, finding }) };
    if (record.kind === 'address') return undefined;
    const changed = (change: Partial<CalloutDomainRecord>) => ({ value: formatCalloutRecord({ ...record, atSeconds, ...change }) });
    if (field === 1) return changed({ postmaster: finding, postmasterAtSeconds: atSeconds });
    return field === 2 ? changed({ random: finding, randomAtSeconds: atSeconds }) : undefined;
  },
};

// ---------------------------------------------------------------- ratelimit

const RATES: HintsEditor = {
  show(value, { formatTime }) {
    const record = parseRateRecord(value);
    if (record === undefined) return undefined;
    const seconds = Math.floor(record.atSeconds);
    const micros = Math.round((record.atSeconds - seconds) * 1e6);
    const head = lines(
      formatTime(seconds),
      `0 time stamp:  ${formatTime(seconds)}`,
      `1 fract. time: .${String(micros).padStart(6, '0')}`,
      `2 sender rate:  ${record.rate.toFixed(3)}`,
    );
    if (record.events === undefined) return head;
    return head + lines(`3 filter epoch: ${formatTime(record.events.epochSeconds)}`, '4 test filter membership', '5 add element to filter');
  },
  edit(value, field, text, context) {
    const record = parseRateRecord(value);
    if (record === undefined) return {};
    const { events } = record;
    const isTime = field === 0 || field === 3;
    const time = isTime ? parseTime(text, context) : undefined;
    if (field > 5 || (field > 2 && events === undefined)) return undefined;
    if (isTime && time === undefined) return { note: 'bad time value' };
    const added = events === undefined ? undefined : withEvent(events, text);
    const note = field < 4 ? undefined : added === undefined ? `seen ${text}` : field === 4 ? `unseen ${text}` : `added ${text}`;
    const micros = field === 1 ? Math.min(999_999, Math.max(0, toInteger(text))) / 1e6 : record.atSeconds % 1;
    const changed = {
      ...record,
      atSeconds: (field === 0 && time !== undefined ? time : Math.floor(record.atSeconds)) + micros,
      ...(field === 2 ? { rate: Math.max(0, Number.parseFloat(text) || 0) } : {}),
      ...(field === 3 && events !== undefined && time !== undefined ? { events: { ...events, epochSeconds: time } } : {}),
      ...(field === 5 && added !== undefined ? { events: added } : {}),
    };
    return { value: formatRateRecord(changed), note };
  },
};

// ---------------------------------------------------------------- records whose contents stay as they are

const SEEN: HintsEditor = {
  show(value, { formatTime }) {
    const seconds = parseSeenRecord(value);
    return seconds === undefined ? undefined : lines(formatTime(seconds));
  },
  edit: (_value, _field, _text, context) => ({ value: formatSeenRecord(nowSeconds(context)) }),
};

const MISC: HintsEditor = {
  show(value, { formatTime }) {
    const record = parseSerializeRecord(value);
    return record === undefined ? undefined : lines(formatTime(record.atSeconds));
  },
  edit: () => ({ note: "Can't change contents of misc database record" }),
};

/** No time is kept of these. */
const WAITING: HintsEditor = {
  show: (value) => lines('Sequence: 0', `${value} `),
  edit: () => ({ note: "Can't change contents of wait database record" }),
};

const EDITORS: ReadonlyMap<Octets, HintsEditor> = new Map([
  [RETRY_DATABASE, RETRY],
  [CALLOUT_DATABASE, CALLOUT],
  [RATE_DATABASE, RATES],
  [SEEN_DATABASE, SEEN],
  [MISC_DATABASE, MISC],
]);
