/**
 * Quota verification: whether the mailbox of a local recipient has room for the message. What cannot be found out counts as room.
 * Spec ch. 44 "Address verification", "Quota caching".
 */
import type { Octets } from '../base/octets.ts';
import type { Address, DeliveryBatch, Frame, Message, QuotaOptions, RetryPort, TransportInstance, Verification } from '../core/index.ts';
import { UNTRIED_MESSAGE } from '../core/index.ts';
import { CALLOUT_DATABASE, type CalloutFinding, formatCalloutRecord, parseCalloutRecord } from '../hints/callout-record.ts';
import { memoryBody } from '../spool/body.ts';
import { prepareBatch } from '../transports/headers.ts';
import { localEnvironment } from '../transports/local.ts';

/** What is known of a recipient; undefined: nothing that is recent enough. Kept among the results of callouts, keyed by the address. */
export function knownQuota(recipient: Octets, quota: QuotaOptions, frame: Frame): Verification | undefined {
  if (!isCached(quota)) return undefined;
  const { hints, log } = frame.services;
  const value = hints.get(CALLOUT_DATABASE, recipient);
  const record = value === undefined ? undefined : parseCalloutRecord(value);
  if (record?.kind !== 'address') {
    log.debug('verify', () => `callout cache: no address record found for ${recipient}`);
    return undefined;
  }
  const isGood = record.finding === 'accept';
  if (nowSeconds(frame) - record.atSeconds > (isGood ? quota.positiveSeconds : quota.negativeSeconds)) {
    log.debug('verify', () => `callout cache: address record expired for ${recipient}`);
    return undefined;
  }
  log.debug('verify', () => `callout cache: found address record for ${recipient}`);
  log.debug('verify', () => `quota cache: address record is ${isGood ? 'positive' : 'negative'}`);
  return isGood ? GOOD : full('Previous (cached) quota verification failure');
}

/** `delivery`: what the recipient was routed to; undefined when that is not one mailbox. The result is remembered for the recipient. */
export async function verifyQuota(
  recipient: Octets,
  delivery: Address | undefined,
  quota: QuotaOptions,
  frame: Frame,
): Promise<Verification> {
  const transport = delivery?.state.transport;
  if (transport !== undefined && transport.notYet.length > 0) return notYet(transport, frame);
  const hasRoom = delivery === undefined || transport === undefined || (await mailboxHasRoom(delivery, transport, frame));
  if (hasRoom !== 'unknown' && isCached(quota)) remember(recipient, hasRoom ? 'accept' : 'reject', frame);
  return hasRoom === false ? full('Over quota') : GOOD;
}

const GOOD: Verification = { kind: 'ok', addressData: undefined };

/** For the log: the peer gets the usual text. */
function full(logMessage: Octets): Verification {
  return { kind: 'fail', userMessage: undefined, logMessage, failure: 'quota' };
}

function notYet(transport: TransportInstance, frame: Frame): Verification {
  const message = `${transport.name} transport: option ${transport.notYet.join(', ')} is not built yet`;
  frame.services.log.panic(message);
  return { kind: 'defer', userMessage: undefined, logMessage: message };
}

function isCached({ positiveSeconds, negativeSeconds }: QuotaOptions): boolean {
  return positiveSeconds > 0 || negativeSeconds > 0;
}

function remember(recipient: Octets, finding: CalloutFinding, frame: Frame): void {
  const { hints, log } = frame.services;
  hints.put(CALLOUT_DATABASE, recipient, formatCalloutRecord({ kind: 'address', atSeconds: nowSeconds(frame), finding }));
  log.debug('verify', () => `wrote ${finding === 'accept' ? 'positive' : 'negative'} quota cache record for ${recipient}`);
}

function nowSeconds(frame: Frame): number {
  return Math.floor(frame.services.clock.now() / 1000);
}

/** Asked as whom the delivery would run. Unknown: nobody could look. */
async function mailboxHasRoom(delivery: Address, instance: TransportInstance, frame: Frame): Promise<boolean | 'unknown'> {
  if (instance.behaviour?.checkQuota === undefined) return true;
  const message = messageToCome(delivery, frame);
  if (message === undefined) return 'unknown';
  const prepared = await prepareBatch(newBatch(delivery, instance, message, frame));
  if (prepared.kind !== 'ok') return 'unknown';
  const batch: DeliveryBatch = { ...prepared.value, isQuotaCheck: true };
  const environment = await localEnvironment(delivery, instance, batch.frame);
  if (environment.kind !== 'ok') return 'unknown';
  const [result] = await frame.services.userActions.deliver(environment.value.identity, batch, '');
  frame.services.log.debug('verify', () => `quota check: ${result?.kind ?? 'no result'} ${result?.message ?? ''}`);
  return result === undefined || result.kind === 'deferred' ? 'unknown' : result.kind === 'delivered';
}

/** Hosts play no part. */
const NO_RETRY: RetryPort = { hostStatus: () => 'due', hostFailed: () => undefined, hostWorked: () => undefined };

function newBatch(delivery: Address, instance: TransportInstance, message: Message, frame: Frame) {
  const { services, until } = frame;
  return {
    message,
    addresses: [delivery],
    instance,
    frame: { ...frame, message, address: delivery, batch: [delivery] },
    services,
    until,
    isRehearsal: false,
    retry: NO_RETRY,
    settled: () => Promise.resolve(),
  };
}

/** The message as it is known before its data: of the size that MAIL said. */
function messageToCome({ address }: Address, { session, transaction }: Frame): Message | undefined {
  if (session === undefined || transaction === undefined) return undefined;
  const { state } = transaction;
  return {
    id: '',
    sender: state.sender ?? '',
    recipients: [{ address }],
    headers: [],
    body: memoryBody(Buffer.alloc(0)),
    size: Math.max(0, state.declaredSize),
    bodyLineCount: 0,
    bodyZeroCount: 0,
    maxReceivedLineLength: 0,
    receivedAtMs: state.receivedAtMs,
    receivedUsec: 0,
    isUtf8: state.isUtf8,
    dsn: state.dsn,
    aclM: state.aclM,
    origin: session.state.origin,
    ...UNTRIED_MESSAGE,
  };
}
