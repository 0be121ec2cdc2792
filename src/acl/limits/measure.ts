/** Measures a rate for `ratelimit`, once a connection, message or command for each key. Spec ch. 44 "Rate limiting incoming messages". */
import type { Octets } from '../../base/octets.ts';
import type { AclPhase, Frame } from '../../core/index.ts';
import { mailOf } from '../../core/index.ts';
import type { RateRecord, SeenEvents } from '../../hints/rate-record.ts';
import { emptyEvents, formatRateRecord, nextRate, parseRateRecord, RATE_DATABASE, withEvent } from '../../hints/rate-record.ts';
import type { RateQuestion } from './ratelimit.ts';
import { rateKey } from './ratelimit.ts';

/** How often a record is read again that another process has changed meanwhile. */
const MAX_ATTEMPTS = 100;

export interface MeasuredRate {
  readonly rate: number;
  readonly isExceeded: boolean;
}

/** Reads the record, counts, and writes it again as the update mode says; exact over several processes. */
export function measureRate(question: RateQuestion, phase: AclPhase, frame: Frame): MeasuredRate {
  const { log, hints, clock } = frame.services;
  const trace = (text: () => string) => log.debug('acl', () => `ratelimit ${text()}`);
  const hostAddress = (frame.session?.state.origin ?? frame.message?.origin)?.hostAddress ?? '';
  const key = rateKey(question, hostAddress);
  const isReadOnly = question.update === 'readonly';
  const count = isReadOnly ? 0 : countOf(question, phase, frame);
  trace(() => `condition count=${count.toFixed(0)} ${question.limit.toFixed(1)}/${key}`);
  const known = isReadOnly ? undefined : ratesKnownFor(question, phase, frame);
  const before = known?.get(key);
  if (before !== undefined) {
    trace(() => `found pre-computed rate ${before.toFixed(1)}`);
    return judged(before, question);
  }
  for (let attempt = 1; ; attempt++) {
    const nowSeconds = clock.now() / 1000;
    const value = hints.get(RATE_DATABASE, key);
    const record = value === undefined ? undefined : parseRateRecord(value);
    if (record !== undefined) trace(() => 'found key in database');
    const added = question.unique === undefined ? undefined : countEvent(question, record, nowSeconds, frame, trace);
    if (record === undefined) {
      if (question.unique === undefined) trace(() => 'creating new rate data block');
      trace(() => "initializing new key's rate data");
    }
    const rate = nextRate(record, added?.isKnown ? 0 : count, nowSeconds, question.periodSeconds);
    const result = judged(rate, question);
    if (isReadOnly) trace(() => 'db not updated: readonly mode');
    else if (result.isExceeded && question.update === 'leaky') trace(() => 'db not updated: over the limit, but leaky');
    else {
      const written = formatRateRecord({ atSeconds: nowSeconds, rate, events: added?.events });
      // Each failure is another process's success: it counts what that one has counted, too.
      if (!hints.replace(RATE_DATABASE, key, value, written) && attempt < MAX_ATTEMPTS) continue;
      trace(() => 'db updated');
    }
    trace(() => `computed rate ${rate.toFixed(1)}`);
    known?.set(key, rate);
    return result;
  }
}

function judged(rate: number, question: RateQuestion): MeasuredRate {
  return { rate, isExceeded: rate >= question.limit };
}

/** Outside the RCPT ACL a message's recipients are counted at once. */
function countOf(question: RateQuestion, phase: AclPhase, frame: Frame): number {
  if (question.count !== undefined) return question.count;
  if (question.countsOctets) return Math.max(0, messageSize(frame));
  return question.mode === 'per_rcpt' && phase !== 'rcpt' ? (mailOf(frame)?.recipients.length ?? 0) : 1;
}

/** Before the data what the client announced. */
function messageSize(frame: Frame): number {
  const receiving = frame.transaction?.state;
  if (receiving !== undefined && receiving.body === undefined) return receiving.declaredSize;
  return mailOf(frame)?.size ?? 0;
}

/** The set with the event in it; a set older than the period is thrown away. */
function countEvent(
  question: RateQuestion,
  record: RateRecord | undefined,
  nowSeconds: number,
  frame: Frame,
  trace: (text: () => string) => void,
): { readonly events: SeenEvents; readonly isKnown: boolean } {
  let events = record?.events;
  if (events !== undefined && Math.floor(nowSeconds) - events.epochSeconds > question.periodSeconds) {
    trace(() => 'discarding old Bloom filter');
    events = undefined;
  }
  if (events === undefined) {
    trace(() => 'creating new Bloom filter');
    events = emptyEvents(question.limit, nowSeconds);
  }
  if (question.update === 'readonly') return { events, isKnown: false };
  const event = eventOf(question, frame);
  trace(() => `checking uniqueness of ${event}`);
  const grown = withEvent(events, event);
  trace(() => (grown === undefined ? 'event found in Bloom filter' : 'event added to Bloom filter'));
  return { events: grown ?? events, isKnown: grown === undefined };
}

function eventOf({ unique }: RateQuestion, frame: Frame): Octets {
  if (unique !== 'recipient') return unique?.event ?? '';
  const recipient = frame.transaction?.state.currentRecipient;
  return recipient === undefined ? '' : `${recipient.localPart}@${recipient.domain}`;
}

/** What was measured in the connection, for the message or in the command is not measured again. */
function ratesKnownFor({ mode }: RateQuestion, phase: AclPhase, frame: Frame): Map<Octets, number> | undefined {
  const session = frame.session?.state;
  if (session === undefined) return undefined;
  session.rates ??= { connection: new Map(), betweenMessages: new Map(), command: new Map() };
  if (mode === 'per_conn') return session.rates.connection;
  if (mode === 'per_cmd' || (mode === 'per_rcpt' && phase === 'rcpt')) return session.rates.command;
  const message = frame.transaction?.state;
  if (message === undefined) return session.rates.betweenMessages;
  session.rates.betweenMessages.clear();
  message.rates ??= new Map();
  return message.rates;
}
