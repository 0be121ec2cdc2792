/**
 * Retry times of one delivery attempt: which addresses and hosts are due, and what failures leave in the hints. Spec ch. 32 "Retry configuration",
 * ch. 49 "Errors in outgoing SMTP".
 */
import { type Octets, parseDecimal } from '../base/octets.ts';
import type {
  Address,
  DeliveryResult,
  Frame,
  HostFailureDetail,
  HostItem,
  HostStatus,
  Message,
  RetryError,
  RetryPort,
  Template,
} from '../core/index.ts';
import { anyLocalPart, findRetryRule, isPastLastCutoff, nextRetry } from '../hints/retry.ts';
import { findRetryRecord, formatRetryRecord, RETRY_DATABASE } from '../hints/retry-record.ts';
import { asRouted, hostText } from '../logging/lines/delivery.ts';

const NO_ERROR: RetryError = { name: '', detail: '', more: 0 };

export interface RetryTimesParts {
  readonly frame: Frame;
  readonly message: Message;
  /** In queue runs addresses wait for their time; other deliveries always route and try local mailboxes. */
  readonly isQueueRun: boolean;
  /** -qf, -M: no retry time counts. */
  readonly isForced: boolean;
  readonly messageLog: (line: Octets) => void;
}

interface Failure {
  readonly key: Octets;
  /** What retry rules are matched against, in turn. */
  readonly subjects: readonly Octets[];
  readonly error: RetryError;
  readonly errorNumber: number;
  readonly text: Octets;
  readonly isMessageError: boolean;
}

export class RetryTimes {
  readonly #parts: RetryTimesParts;
  readonly #nowSeconds: number;
  readonly #receivedSeconds: number;
  readonly #written = new Set<Octets>();

  constructor(parts: RetryTimesParts) {
    this.#parts = parts;
    this.#nowSeconds = Math.floor(parts.frame.services.clock.now() / 1000);
    this.#receivedSeconds = Math.floor(parts.message.receivedAtMs / 1000);
  }

  /** Whether routing of this address must wait. */
  async routingWaits(address: Address): Promise<boolean> {
    if (!this.#mustWait()) return false;
    const keys = [`R:${address.domain}`, `R:${asRouted(address)}`, this.#addressErrorKey(address)];
    for (const key of keys) if (await this.#isWaiting(key, address)) return true;
    return false;
  }

  async localWaits(address: Address): Promise<boolean> {
    return this.#mustWait() && this.#isWaiting(localKey(address), address);
  }

  /** Whether deferral of this address by a router is the end of it. */
  async routingDeferred(address: Address, errorNumber: number, message: Octets): Promise<'later' | 'expired'> {
    const usesLocalPart = address.state.router?.generic['retry_use_local_part'] === true;
    return this.#keep({
      key: usesLocalPart ? `R:${asRouted(address)}` : `R:${address.domain}`,
      subjects: [usesLocalPart ? address.address : anyLocalPart(address.domain)],
      error: errorNumber === -1 ? NO_ERROR : { name: 'lookup', detail: '', more: 0 },
      errorNumber,
      text: message,
      isMessageError: false,
    });
  }

  /** A transport's deferral that is not about a host: a local delivery, or a 4xx to RCPT. */
  async addressDeferred(result: DeliveryResult): Promise<'later' | 'expired'> {
    const { address, error = NO_ERROR, errorNumber = 0 } = result;
    const isRemote = address.state.transport?.isRemote === true;
    const heard = `H=${result.host === undefined ? '' : hostText(result.host, this.#parts.frame.services.log)}: ${result.message ?? ''}`;
    const text = result.errorReason ?? (isRemote ? heard : (result.message ?? ''));
    return this.#keep({
      key: isRemote ? this.#addressErrorKey(address, error) : localKey(address),
      subjects: [isRemote || usesLocalPart(address) ? fullAddress(address) : anyLocalPart(address.domain)],
      error: withHostKind(error, result.host),
      errorNumber,
      text,
      isMessageError: error.name === 'quota',
    });
  }

  /** A delivery that worked ends what was remembered; nothing is written when nothing was. */
  worked(address: Address): void {
    const keys = address.state.transport?.isRemote === true ? [this.#addressErrorKey(address)] : [localKey(address)];
    keys.push(`R:${address.domain}`, `R:${asRouted(address)}`);
    // another address may have failed meanwhile
    this.#parts.frame.services.hints.forget(
      RETRY_DATABASE,
      keys.filter((key) => !this.#written.has(key)),
    );
  }

  /** For one batch of a remote transport. */
  async hostsOf(addresses: readonly Address[]): Promise<HostRetries> {
    const [first] = addresses;
    const port = first === undefined ? SMTP_PORT : await this.#defaultPort(first);
    const interfaces = first === undefined ? [] : await this.#interfaces(first);
    return new HostRetries(this.#parts, {
      nowSeconds: this.#nowSeconds,
      isOldMessage: (host, address, error) => this.#isPastCutoff([anyLocalPart(host.name), anyLocalPart(address.domain)], error),
      defaultPort: port,
      interfaces,
      keep: (failure) => this.#keep(failure),
    });
  }

  /** Hosts without a port of their own are contacted at the transport's. */
  async #defaultPort(address: Address): Promise<number> {
    const option = address.state.transport?.own['port'] as Template | undefined; // declared as an expanded option by remote transports
    const expanded = await option?.evaluate({ ...this.#parts.frame, address });
    const text = expanded?.kind === 'ok' ? expanded.value.octets : '';
    return SERVICE_PORTS.get(text) ?? parseDecimal(text) ?? SMTP_PORT;
  }

  /** A host that fails from one address of this machine may work from another. */
  async #interfaces(address: Address): Promise<readonly Octets[]> {
    const option = address.state.transport?.own['interface'] as Template | undefined; // declared as an expanded option by remote transports
    const expanded = await option?.evaluate({ ...this.#parts.frame, address });
    return expanded?.kind === 'ok' ? this.#parts.frame.services.lists.split(expanded.value.octets) : [];
  }

  #mustWait(): boolean {
    return this.#parts.isQueueRun && !this.#parts.isForced;
  }

  async #isWaiting(key: Octets, address: Address): Promise<boolean> {
    const record = this.#written.has(key) ? undefined : this.#find(key); // what this attempt found out is for the next one
    if (record === undefined || record.nextTry <= this.#nowSeconds) return false;
    return !(await this.#isPastCutoff([fullAddress(address)], record.error));
  }

  async #isPastCutoff(subjects: readonly Octets[], error: RetryError): Promise<boolean> {
    const rule = await findRetryRule(subjects, error, this.#parts.message.sender, this.#parts.frame);
    return isPastLastCutoff(rule, this.#nowSeconds - this.#receivedSeconds);
  }

  #find(key: Octets) {
    const { hints } = this.#parts.frame.services;
    return findRetryRecord(hints, key, this.#nowSeconds, this.#parts.frame.config.main.retry_data_expire);
  }

  /** A 4xx to RCPT concerns recipient and sender together, unless `address_retry_include_sender` is false; other trouble the recipient alone. */
  #addressErrorKey(address: Address, error?: RetryError): Octets {
    const includesSender =
      address.state.transport?.own['address_retry_include_sender'] !== false && (error === undefined || error.name === 'rcpt_4xx');
    return includesSender ? `R:${asRouted(address)}:<${this.#parts.message.sender}>` : `R:${asRouted(address)}`;
  }

  /** Writes the next retry time; `expired`: there will be none for this message. */
  async #keep(failure: Failure): Promise<'later' | 'expired'> {
    const { frame, message } = this.#parts;
    const rule = await findRetryRule(failure.subjects, failure.error, message.sender, frame);
    if (rule === undefined) return 'expired';
    const before = this.#find(failure.key);
    const isOld = isPastLastCutoff(rule, this.#nowSeconds - this.#receivedSeconds);
    const next = nextRetry(rule, before, {
      nowSeconds: this.#nowSeconds,
      receivedSeconds: this.#receivedSeconds,
      isMessageError: failure.isMessageError,
      intervalMaxSeconds: frame.config.main.retry_interval_max,
      random: (limit) => frame.services.random.below(limit),
    });
    if (isOld && !next.isExpired) return 'expired'; // other messages for it are considered at once
    this.#written.add(failure.key);
    frame.services.hints.put(
      RETRY_DATABASE,
      failure.key,
      formatRetryRecord({
        ...next,
        error: failure.error,
        errorNumber: failure.errorNumber,
        text: failure.text.replaceAll('\n', '\\n').slice(0, MAX_TEXT),
      }),
    );
    return next.isExpired ? 'expired' : 'later';
  }
}

const MAX_TEXT = 150;
const SMTP_PORT = 25;
const SERVICE_PORTS: ReadonlyMap<string, number> = new Map([
  ['smtp', 25],
  ['smtps', 465],
  ['submissions', 465],
  ['submission', 587],
  ['lmtp', 24],
]);

interface HostRetryContext {
  readonly nowSeconds: number;
  /** Longer on the queue than the last cutoff of the host's rule: it is tried whatever its time says. */
  readonly isOldMessage: (host: HostItem, address: Address, error: RetryError) => Promise<boolean>;
  readonly defaultPort: number;
  /** The transport's `interface`. */
  readonly interfaces: readonly Octets[];
  readonly keep: (failure: Failure) => Promise<'later' | 'expired'>;
}

/** What a transport asks and tells about hosts; failures are written when the batch is over. */
export class HostRetries implements RetryPort {
  readonly #parts: RetryTimesParts;
  readonly #context: HostRetryContext;
  readonly #failures = new Map<Octets, Failure>();
  readonly #worked = new Set<Octets>();

  constructor(parts: RetryTimesParts, context: HostRetryContext) {
    this.#parts = parts;
    this.#context = context;
  }

  async hostStatus(host: HostItem, address: Address): Promise<HostStatus> {
    const isOld = await this.#context.isOldMessage(host, address, NO_ERROR);
    let status: HostStatus = isOld ? 'past-limit' : 'due';
    const { hints } = this.#parts.frame.services;
    const [ofHost, ofMessage] = this.#keys(host);
    for (const key of [ofHost, ofMessage]) {
      const record = findRetryRecord(hints, key, this.#context.nowSeconds, this.#parts.frame.config.main.retry_data_expire);
      if (record === undefined) continue;
      const isDue = record.nextTry <= this.#context.nowSeconds || (record.isExpired && !delaysAfterCutoff(address));
      const mayTry = isDue || this.#parts.isForced || (await this.#context.isOldMessage(host, address, record.error));
      if (!mayTry) return record.isExpired ? 'failing-long' : key === ofMessage ? 'message-waits' : 'not-due';
      if (record.isExpired) status = 'past-limit';
    }
    return status;
  }

  hostFailed(host: HostItem, address: Address, error: RetryError, message: Octets, detail: HostFailureDetail = {}): void {
    const { scope = 'host', reason, errorNumber = 0 } = detail;
    const who = `H=${hostText(host, this.#parts.frame.services.log)}`;
    this.#parts.messageLog(message === '' ? `${who} ${reason ?? ''}` : `${who}: ${message}${reason === undefined ? '' : `: ${reason}`}`);
    const isMessageError = scope === 'message';
    const [ofHost, ofMessage] = this.#keys(host);
    const key = isMessageError ? ofMessage : ofHost;
    this.#failures.set(key, {
      key,
      subjects: [anyLocalPart(host.name), anyLocalPart(address.domain)],
      error: withHostKind(error, host),
      errorNumber,
      isMessageError,
      text: reason ?? `${who}: ${message}`,
    });
  }

  hostWorked(host: HostItem, _address: Address): void {
    for (const key of this.#keys(host)) this.#worked.add(key);
  }

  /** Writes what the batch found out. `expired` when every host that failed has passed its last cutoff: its addresses time out. */
  async finish(): Promise<'later' | 'expired'> {
    const { hints } = this.#parts.frame.services;
    const worked = [...this.#worked].filter((key) => !this.#failures.has(key));
    if (worked.length > 0) hints.forget(RETRY_DATABASE, worked);
    let expired = 0;
    for (const failure of this.#failures.values()) if ((await this.#context.keep(failure)) === 'expired') expired++;
    return expired > 0 && expired === this.#failures.size ? 'expired' : 'later';
  }

  #keys(host: HostItem): readonly [ofHost: Octets, ofMessage: Octets] {
    const key = hostKey(host, this.#context.defaultPort, this.#context.interfaces);
    return [key, `${key}:${this.#parts.message.id}`];
  }

  /** Hosts that were tried and failed; none: nothing was due. */
  get failureCount(): number {
    return this.#failures.size;
  }
}

/** `delay_after_cutoff` of the smtp transport. */
function delaysAfterCutoff(address: Address): boolean {
  return address.state.transport?.own['delay_after_cutoff'] !== false;
}

/** Hosts of MX records and others are told apart. */
function withHostKind(error: RetryError, host: HostItem | undefined): RetryError {
  if (host === undefined || error.detail !== '') return error;
  return { ...error, detail: host.mx === undefined ? 'A' : 'MX' };
}

function localKey(address: Address): Octets {
  if (address.kind !== 'mailbox') return `T:${address.unique}`;
  return usesLocalPart(address) ? `T:${asRouted(address)}` : `T:${address.domain}`;
}

function usesLocalPart(address: Address): boolean {
  return address.state.transport?.generic['retry_use_local_part'] !== false;
}

function fullAddress(address: Address): Octets {
  return address.kind === 'mailbox' ? address.address : `${address.localPart}@${address.domain}`;
}

/** `T:name:ip:port`, addresses with colons and names that are addresses in brackets; `/ip` with the address of this machine that the transport asks for. */
function hostKey(host: HostItem, defaultPort: number, interfaces: readonly Octets[]): Octets {
  const bracketed = (text: Octets) => (text.includes(':') ? `[${text}]` : text);
  const name = host.name === host.address ? `[${host.name}]` : host.name;
  const isV6 = host.address?.includes(':') === true;
  const source = interfaces.find((item) => item !== '' && item.includes(':') === isV6);
  return `T:${name}:${bracketed(host.address ?? '')}:${host.port ?? defaultPort}${source === undefined ? '' : `/${source}`}`;
}
