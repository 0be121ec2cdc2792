/** Runs one batch through its transport and settles what comes back. Spec ch. 3 "Delivery in detail", ch. 24 "Generic options for transports". */
import { type Octets, printable } from '../base/octets.ts';
import type { Address, DeliveryBatch, DeliveryResult, Frame, Identity, RetryPort, TransportInstance } from '../core/index.ts';
import type { DeliveryFlag } from '../logging/lines/delivery.ts';
import { type NewBatch, prepareBatch } from '../transports/headers.ts';
import { localEnvironment } from '../transports/local.ts';
import type { Attempt } from './attempt.ts';
import { deliverToShadow, hasShadow } from './shadow.ts';
import { Waiting } from './waiting.ts';

/** Numbers that `defer (n)` shows. */
const EXPANSION_FAILED = -27;
const BAD_USER = -29;
const NO_TRANSPORT = -30;
const LOCAL_RETRY = -53;

export async function deliverLocal(attempt: Attempt, addresses: readonly Address[]): Promise<void> {
  const due: Address[] = [];
  for (const address of addresses) {
    if (!(await attempt.retry.localWaits(address))) due.push(address);
    else
      attempt.defer(
        { address, kind: 'deferred', errorNumber: LOCAL_RETRY, message: 'Retry time not yet reached', isRetryTimeNotReached: true },
        attempt.facts(),
        true,
        false,
      );
  }
  const [first] = due;
  if (first === undefined) return;
  if (first.kind !== 'mailbox' && first.state.transport === undefined) return bypass(attempt, due);
  const runner = new BatchRunner(attempt, due);
  await runner.run(NO_HOSTS, (batch, instance) => runLocal(attempt, first, batch, instance));
  const delivered = runner.takeSettled();
  if (delivered.length === 0) return;
  const copied = delivered.map(({ result }) => result.address);
  const shadow = await deliverToShadow(attempt, copied, (...request) => runLocal(attempt, ...request));
  for (const { result, facts, flag } of delivered) attempt.logDelivered(result, { ...facts, shadow }, flag);
}

async function runLocal(
  attempt: Attempt,
  first: Address,
  batch: DeliveryBatch,
  instance: TransportInstance,
): Promise<readonly DeliveryResult[] | Refusal> {
  const environment = await localEnvironment(first, instance, batch.frame);
  if (environment.kind !== 'ok')
    return refusedEnvironment(attempt, environment.kind === 'forced-fail' ? 'forced failure' : environment.message);
  const refusal = refusedUser(attempt, environment.value.identity, instance);
  if (refusal !== undefined) return { message: refusal, errorNumber: BAD_USER };
  return attempt.parts.services.userActions.deliver(environment.value.identity, batch, mailboxKey(first, instance));
}

/** A mistake in the configuration, for the panic log too, when an option could not be expanded. */
function refusedEnvironment(attempt: Attempt, message: Octets): Refusal {
  if (!message.includes('failed to expand')) return { message, errorNumber: BAD_USER };
  attempt.parts.services.log.panic(message, attempt.message.id);
  return { message, errorNumber: EXPANSION_FAILED };
}

/** Deliveries to the same mailbox run one after another; '' where they need not. */
function mailboxKey(address: Address, instance: TransportInstance): Octets {
  if (instance.behaviour?.isConcurrent === true) return '';
  return address.kind === 'mailbox'
    ? `${instance.name}:${address.localPart}@${address.domain}`
    : address.kind === 'pipe'
      ? ''
      : address.address;
}

function refusedUser(attempt: Attempt, identity: Identity | undefined, instance: TransportInstance): Octets | undefined {
  if (identity === undefined) return undefined;
  const { main, build } = attempt.frame.config;
  const isRefused = main.never_users.includes(identity.uid) || build.fixedNeverUsers.includes(identity.uid);
  return isRefused ? `User ${identity.uid} set for ${instance.name} transport is on the never_users list` : undefined;
}

/** `/dev/null`: nothing is run. */
async function bypass(attempt: Attempt, addresses: readonly Address[]): Promise<void> {
  await Promise.all(addresses.map((address) => attempt.delivered({ address, kind: 'delivered' }, attempt.facts({ bypassed: true }), '=>')));
}

/**
 * The lines of what became of the addresses stand together behind those about hosts, in the order of the addresses; what was delivered is journalled as soon as it
 * is known.
 */
export async function deliverRemote(attempt: Attempt, addresses: readonly Address[]): Promise<void> {
  const hosts = await attempt.retry.hostsOf(addresses);
  const runner = new BatchRunner(attempt, addresses);
  await runner.run(hosts, (batch, instance) => instance.behaviour?.deliver(batch) ?? Promise.resolve('transport is not built yet'));
  const state = await hosts.finish();
  const settled = runner.takeSettled();
  for (const { result } of settled) attempt.noteRefusal(result);
  for (const { result, facts, flag } of settled) {
    if (result.kind === 'delivered') attempt.logDelivered(result, facts, flag);
    else if (result.kind === 'failed') attempt.fail(result, facts, true, true);
    else attempt.defer(result, facts, true, (await remoteRetry(attempt, result, hosts.failureCount > 0 ? state : 'later')) === 'expired');
  }
}

/** Only notes that the message waits for the hosts of these addresses; what is wrong with their transport shows when they are delivered. */
export async function noteWaiting(attempt: Attempt, addresses: readonly Address[]): Promise<void> {
  const instance = addresses[0]?.state.transport;
  if (instance?.behaviour === undefined || instance.notYet.length > 0) return;
  const prepared = await prepareBatch(newBatch(attempt, addresses, instance, NO_HOSTS, () => Promise.resolve()));
  if (prepared.kind === 'ok') await instance.behaviour.deliver({ ...prepared.value, isRoutingOnly: true });
}

function newBatch(
  attempt: Attempt,
  addresses: readonly Address[],
  instance: TransportInstance,
  retry: RetryPort,
  settled: DeliveryBatch['settled'],
): NewBatch {
  const { frame: base, message, reason, held } = attempt;
  const frame: Frame = { ...base, batch: addresses, ...(addresses[0] === undefined ? {} : { address: addresses[0] }) };
  return {
    message,
    addresses,
    instance,
    frame,
    services: base.services,
    until: base.until,
    isRehearsal: message.dontDeliver || reason.dontDeliver === true,
    retry,
    held,
    waiting: instance.isRemote ? new Waiting(attempt, instance.name) : undefined,
    settled,
  };
}

/** Whether the deferral of an address is the end of it; `ofHosts` is what its hosts say. */
async function remoteRetry(attempt: Attempt, result: DeliveryResult, ofHosts: 'later' | 'expired'): Promise<'later' | 'expired'> {
  if (result.isSpecialDefer === true || result.isPanic === true) return 'later';
  const ofAddress = await addressRetry(attempt, result, ofHosts);
  return result.waitsForHost === true ? 'later' : ofAddress;
}

async function addressRetry(attempt: Attempt, result: DeliveryResult, ofHosts: 'later' | 'expired'): Promise<'later' | 'expired'> {
  if (result.isOfRecipient === true) return attempt.retry.addressDeferred(result);
  const before = result.ofRecipientBefore === undefined ? 'expired' : await attempt.retry.addressDeferred(result.ofRecipientBefore);
  return before === 'expired' ? ofHosts : 'later';
}

const NO_HOSTS: RetryPort = { hostStatus: () => 'due', hostFailed: () => undefined, hostWorked: () => undefined };

type Refusal = Octets | { readonly message: Octets; readonly errorNumber: number };
type Run = (batch: DeliveryBatch, instance: TransportInstance) => Promise<readonly DeliveryResult[] | Refusal>;

interface SettledAddress {
  readonly result: DeliveryResult;
  readonly facts: ReturnType<Attempt['facts']>;
  readonly flag: DeliveryFlag;
}

/** What a message of another host may take of a log line, as it is written there. */
const MAX_REMOTE_MESSAGE = 1024;

function cutRemoteMessage(message: Octets): Octets {
  let kept = message.slice(0, MAX_REMOTE_MESSAGE);
  while (printable(kept).length > MAX_REMOTE_MESSAGE) kept = kept.slice(0, -1);
  return kept;
}

class BatchRunner {
  readonly #attempt: Attempt;
  readonly #addresses: readonly Address[];
  readonly #unsettled: Set<Address>;
  /** What is still to be logged: all of a remote transport, deliveries with a shadow. */
  readonly #settled: SettledAddress[] = [];
  readonly #startedMs: number;
  #batch: DeliveryBatch | undefined;
  #deliveredCount = 0;
  /** Connection and transaction of the last delivery: what went together with it is `->`. */
  #lastPlace = '';
  readonly #lossesBefore: number;

  constructor(attempt: Attempt, addresses: readonly Address[]) {
    this.#attempt = attempt;
    this.#addresses = addresses;
    this.#unsettled = new Set(addresses);
    this.#startedMs = attempt.parts.services.clock.monotonicMs();
    this.#lossesBefore = attempt.helpers.lossCount;
  }

  /** Every address has a fate when it resolves; deferrals by remote transports wait in `takeDeferred`. */
  async run(retry: RetryPort, run: Run): Promise<void> {
    const [first] = this.#addresses;
    const instance = first?.state.transport;
    if (first === undefined) return;
    if (instance === undefined) return this.#refuse({ message: missingTransport(first), errorNumber: NO_TRANSPORT });
    if (this.#attempt.isJournalBroken) return this.#refuse('the journal of the message cannot be written');
    if (instance.notYet.length > 0) return this.#notYet(instance);
    const made = newBatch(this.#attempt, this.#addresses, instance, retry, (result) => this.#settle(result));
    const prepared = await prepareBatch(made);
    if (prepared.kind !== 'ok')
      return this.#refuse(
        { message: prepared.kind === 'forced-fail' ? 'forced failure' : prepared.message, errorNumber: EXPANSION_FAILED },
        true,
      );
    this.#batch = prepared.value;
    if (prepared.value.isRehearsal && !instance.isRemote) return this.#rehearse();
    await this.#runTransport(prepared.value, instance, run);
  }

  async #runTransport(batch: DeliveryBatch, instance: TransportInstance, run: Run): Promise<void> {
    const results = await run(batch, instance);
    if (typeof results === 'string' || 'message' in results) return this.#refuse(results);
    for (const result of results) if (this.#unsettled.has(result.address)) await this.#settle(result);
    if (this.#unsettled.size > 0) await this.#refuse(`${instance.name} transport gave no result`, true);
  }

  #notYet(instance: TransportInstance): Promise<void> {
    const isDriver = instance.behaviour === undefined;
    const what = isDriver ? `the ${instance.driver} transport` : `option ${instance.notYet.join(', ')}`;
    return this.#refuse(`${instance.name} transport: ${what} is not built yet`, true);
  }

  #deliveryFlag(): DeliveryFlag {
    if (this.#batch?.isRehearsal === true) return '*>';
    return this.#deliveredCount > 1 ? '->' : '=>';
  }

  /** -N, of a local transport; remote ones find their hosts first. */
  async #rehearse(): Promise<void> {
    await Promise.all(this.#addresses.map((address) => this.#settle({ address, kind: 'delivered' }, '*>')));
  }

  async #refuse(refusal: Refusal, isPanic = false): Promise<void> {
    const { message, errorNumber } = typeof refusal === 'string' ? { message: refusal, errorNumber: 0 } : refusal;
    if (isPanic) this.#attempt.parts.services.log.panic(message, this.#attempt.message.id);
    for (const address of [...this.#unsettled])
      await this.#settle({ address, kind: 'deferred', message, errorNumber, isSpecialDefer: true });
  }

  async #settle(result: DeliveryResult, flag?: DeliveryFlag): Promise<void> {
    if (!this.#unsettled.delete(result.address)) return;
    if (result.isPostponed === true) return this.#attempt.postpone(result.address);
    const facts = this.#facts(result);
    if (facts.transport?.isRemote === true) return this.#settleRemote(result, facts);
    switch (result.kind) {
      case 'delivered':
        this.#deliveredCount++;
        return this.#settleLocal(result, facts, flag ?? this.#deliveryFlag());
      case 'failed':
        this.#attempt.fail(result, facts, true, true);
        return;
      case 'deferred':
        await this.#deferLocal(result, facts);
    }
  }

  /** With a shadow transport the line waits for what becomes of the copy. */
  #settleLocal(result: DeliveryResult, facts: ReturnType<Attempt['facts']>, flag: DeliveryFlag): Promise<void> {
    const isShadowed = hasShadow(facts.transport) && this.#batch?.isRehearsal !== true;
    if (isShadowed) this.#settled.push({ result, facts, flag });
    return this.#attempt.delivered(result, facts, flag, !isShadowed);
  }

  async #settleRemote(result: DeliveryResult, facts: ReturnType<Attempt['facts']>): Promise<void> {
    const { message } = result;
    const kept = message === undefined ? result : { ...result, message: cutRemoteMessage(message) };
    const place = `${result.host?.address ?? ''} ${result.sendingPort ?? ''} ${result.transactionIndex ?? 0}`;
    if (result.kind === 'delivered') this.#deliveredCount = place === this.#lastPlace ? this.#deliveredCount + 1 : 1;
    if (result.kind === 'delivered') this.#lastPlace = place;
    const flag = this.#deliveryFlag();
    this.#settled.push({ result: kept, facts, flag });
    if (result.kind === 'delivered') await this.#attempt.delivered(kept, facts, flag, false);
  }

  async #deferLocal(result: DeliveryResult, facts: ReturnType<Attempt['facts']>): Promise<void> {
    if (result.isInterrupted === true || this.#attempt.helpers.lossCount > this.#lossesBefore) return this.#attempt.interrupt(result, true);
    const retry = result.isFreeze || result.isSpecialDefer || result.isPanic ? 'later' : await this.#attempt.retry.addressDeferred(result);
    this.#attempt.defer(result, facts, true, retry === 'expired');
  }

  /** What became of addresses and is not logged yet, in their order. */
  takeSettled(): readonly SettledAddress[] {
    const places = new Map(this.#addresses.map((address, index) => [address, index]));
    const placeOf = ({ result }: SettledAddress) => places.get(result.address) ?? 0;
    return this.#settled.splice(0).sort((a, b) => placeOf(a) - placeOf(b));
  }

  #facts(result: DeliveryResult): ReturnType<Attempt['facts']> {
    const batch = this.#batch;
    const transport = result.address.state.transport;
    return this.#attempt.facts({
      ...(transport === undefined ? {} : { transport }),
      isContinued: (result.transactionIndex ?? 0) > 0,
      ...(batch === undefined
        ? {}
        : {
            returnPath: batch.returnPath,
            sizeBytes: batch.headers.reduce((sum, header) => sum + header.length, 1) + batch.message.body.sizeBytes,
          }),
      durationMs: result.durationMs ?? this.#attempt.parts.services.clock.monotonicMs() - this.#startedMs,
    });
  }
}

function missingTransport(address: Address): Octets {
  const router = address.state.router?.name ?? '';
  switch (address.kind) {
    case 'pipe':
      return `pipe_transport unset in ${router} router`;
    case 'file':
      return `file_transport unset in ${router} router`;
    case 'directory':
      return `directory_transport unset in ${router} router`;
    case 'autoreply':
      return `reply_transport unset in ${router} router`;
    case 'mailbox':
      return `no transport set by ${router} router`;
  }
}
