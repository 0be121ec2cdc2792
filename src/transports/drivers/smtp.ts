/** The transport that delivers over SMTP or LMTP to other hosts. Spec ch. 30 "The smtp transport". */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { ListSource } from '../../core/config.ts';
import type { DeliveryBatch, DeliveryResult, HostStatus } from '../../core/drivers.ts';
import { defineTransport } from '../../core/drivers.ts';
import type { DeliveryState, Frame } from '../../core/frame.ts';
import type { Message } from '../../core/message.ts';
import type { HostItem } from '../../core/ports.ts';
import type { ServerExtensions } from '../../smtp/extensions.ts';
import type { Failing } from '../errno.ts';
import { deferredResult, eximErrno } from '../errno.ts';
import { genericProblems, transportOptions } from '../generic-options.ts';
import { settleAll, settleTooBig } from '../local.ts';
import { ContinuedClient } from '../smtp/continued.ts';
import type { ReadyClient } from '../smtp/handshake.ts';
import { openClient } from '../smtp/handshake.ts';
import { HeldClient } from '../smtp/held.ts';
import { hostsFromList, hostsOf, interfaceOf, portOf } from '../smtp/host-list.ts';
import type { SmtpOptions } from '../smtp/options.ts';
import { smtpOptions } from '../smtp/options.ts';
import { MessageSigner } from '../smtp/signing.ts';
import { splitRecipients } from '../smtp/split-recipients.ts';
import type { TransactionOutcome } from '../smtp/transaction.ts';
import { sendTransaction, sendWhereTaken } from '../smtp/transaction.ts';

export default defineTransport({
  name: 'smtp',
  summary: 'Delivers over SMTP or LMTP to the hosts that a router or the option hosts names.',
  spec: 'ch. 30 "The smtp transport"',
  isRemote: true,
  generic: transportOptions,
  options: smtpOptions,
  validate: (set, generic) => [
    ...genericProblems(generic),
    ...(generic['shadow_transport'] === undefined ? [] : ['shadow transport not allowed on non-local transport %s']),
    ...(set.command_timeout > 0 && set.data_timeout > 0 && set.final_timeout > 0
      ? []
      : ['command, data, or final timeout value is zero for %s transport']),
  ],
  create: (set) => {
    const signer = new MessageSigner(set);
    return { deliver: (batch) => new SmtpDelivery(set, batch, signer).deliver() };
  },
});

/** A batch on its way from host to host. */
class SmtpDelivery {
  readonly #set: SmtpOptions;
  readonly #signer: MessageSigner;
  readonly #batch: DeliveryBatch;
  readonly #results: DeliveryResult[] = [];
  /** Not delivered yet, with what went wrong at the last host. */
  #pending: Address[];
  readonly #last = new Map<Address, DeliveryResult>();
  /** Another host follows: what this one says about a recipient is not the end of it, and is logged by itself. */
  #hasMoreHosts = false;
  /** Hosts that are not due, or had an error of their own: the message waits for them if it is not delivered elsewhere. */
  readonly #unreached: HostItem[] = [];
  #waitsForHost = false;
  #considered = 0;
  #failingLong = 0;
  readonly #delivery: DeliveryState;
  readonly #frame: Frame;

  constructor(set: SmtpOptions, batch: DeliveryBatch, signer: MessageSigner) {
    this.#set = set;
    this.#signer = signer;
    this.#batch = batch;
    this.#pending = [...batch.addresses];
    this.#delivery = batch.frame.delivery ?? { results: batch.frame.results, startedAtMs: batch.services.clock.now() };
    this.#frame = { ...batch.frame, delivery: this.#delivery };
  }

  async deliver(): Promise<readonly DeliveryResult[]> {
    const batch = this.#batch;
    const tooBig = await settleTooBig(batch);
    if (tooBig !== undefined) return tooBig;
    const tooLong = this.#set.message_linelength_limit > 0 && batch.message.maxReceivedLineLength > this.#set.message_linelength_limit;
    if (tooLong) return settleAll(batch, (address) => ({ address, kind: 'failed', message: 'message has lines too long for transport' }));
    const hosts = await hostsOf(this.#set, batch);
    if (hosts.kind === 'failing') return settleAll(batch, (address) => deferredResult(address, hosts.failing));
    if (batch.isRoutingOnly === true) {
      this.#noteWaiting(hosts.hosts);
      return [];
    }
    if (batch.isRehearsal) return this.#rehearse(hosts.hosts);
    const { held } = batch;
    if (held instanceof ContinuedClient && !held.isTaken) return this.#continueOn(held, hosts.hosts);
    await this.#tryHosts(hosts.hosts);
    if (this.#pending.length > 0) await this.#tryFallback(hosts.hosts);
    await this.#settleRest();
    return this.#results;
  }

  /** On the connection of another message, if it leads to a host that may be tried; no other host is. */
  async #continueOn(held: ContinuedClient, hosts: readonly HostItem[]): Promise<readonly DeliveryResult[]> {
    for (const found of hosts) {
      const [first] = this.#pending;
      if (first === undefined || !isToTry(await this.#batch.retry.hostStatus(found, first))) continue;
      const place = await this.#placeOf(found, first);
      if ('failing' in place || !held.serves(this.#batch.instance, found, place.host.port ?? 0, place.source)) continue;
      const ready = held.take(this.#batch.until, place.frame);
      const { host, source, frame } = place;
      let waiting = await this.#sendAll(ready, host, [...this.#pending], held.sentCount);
      while (waiting.length > 0 && !this.#batch.until.signal.aborted)
        waiting = await this.#connectAndSend(waiting, first, host, source, frame);
      await this.#settleRest();
      return this.#results;
    }
    return settleAll(this.#batch, (address) => ({ address, kind: 'deferred', isPostponed: true }));
  }

  /** -N: every address goes to the first host that may be tried, without a connection. */
  async #rehearse(hosts: readonly HostItem[]): Promise<readonly DeliveryResult[]> {
    const [first] = this.#pending;
    let host: HostItem | undefined;
    for (const item of hosts) {
      if (host === undefined && first !== undefined && isToTry(await this.#batch.retry.hostStatus(item, first))) host = item;
    }
    if (host === undefined) {
      await this.#settleRest();
      return this.#results;
    }
    const chosen = host;
    return settleAll(this.#batch, (address) => ({
      address,
      kind: 'delivered',
      host: chosen,
      confirmation: 'delivery bypassed by -N option',
    }));
  }

  /** In turn, for what is left. Hosts beyond `hosts_max_try` are tried only when they open another MX value. */
  async #tryHosts(hosts: readonly HostItem[]): Promise<void> {
    let tried = 0;
    let countedMx: number | undefined;
    for (const [index, host] of hosts.entries()) {
      const [first] = this.#pending;
      if (first === undefined || index >= this.#set.hosts_max_try_hardlimit) return;
      this.#considered++;
      const status = await this.#batch.retry.hostStatus(host, first);
      if (status === 'failing-long') this.#failingLong++;
      if (status === 'not-due' || status === 'failing-long') this.#unreached.push(host);
      if (status === 'not-due') this.#waitsForHost = true;
      if (!isToTry(status)) continue;
      if (tried >= this.#set.hosts_max_try && host.mx === countedMx) continue;
      if (status === 'due') tried++;
      countedMx = host.mx;
      this.#hasMoreHosts = index + 1 < hosts.length;
      await this.#tryHost(host, first);
      if (this.#batch.until.signal.aborted) return;
    }
  }

  /** Not for hosts of MX records that include this one's; the fallback list of router or transport. */
  async #tryFallback(tried: readonly HostItem[]): Promise<void> {
    const own = this.#pending[0]?.state.fallbackHosts;
    const list =
      own === undefined
        ? this.#set.fallback_hosts?.source
        : own.map((host) => `${host.name}${host.port === undefined ? '' : `::${host.port}`}`).join(' : ');
    if (list === undefined || list === '') return;
    const hosts = await hostsFromList(list, this.#set, this.#batch);
    if (hosts.kind === 'ok')
      await this.#tryHosts(
        hosts.hosts.filter((host) => !tried.some((other) => other.address === host.address && other.port === host.port)),
      );
  }

  async #tryHost(found: HostItem, first: Address): Promise<void> {
    const place = await this.#placeOf(found, first);
    if ('failing' in place) return this.#deferAll(place.failing, undefined);
    const { host, source, frame } = place;
    let waiting: readonly Address[] = (await this.#sendHeld(host, source, frame)) ?? this.#pending;
    while (waiting.length > 0 && !this.#batch.until.signal.aborted)
      waiting = await this.#connectAndSend(waiting, first, host, source, frame);
  }

  /** Port and interface, whose options may name the host. */
  async #placeOf(
    found: HostItem,
    first: Address,
  ): Promise<{ readonly host: HostItem; readonly source: Octets | undefined; readonly frame: Frame } | { readonly failing: Failing }> {
    for (const address of this.#batch.addresses) address.state.host = found;
    const frame = { ...this.#frame, address: first };
    const port = found.port === undefined ? await portOf(this.#set, this.#batch, frame) : { kind: 'ok' as const, port: found.port };
    if (port.kind === 'failing') return port;
    const host: HostItem = { ...found, port: port.port };
    for (const address of this.#batch.addresses) address.state.host = host;
    const source = await interfaceOf(this.#set, this.#batch, host, frame);
    return source.kind === 'failing' ? source : { host, source: source.address, frame };
  }

  /**
   * On the connection of a callout, when it leads to this host: the message alone, if exactly its recipients were given, else a transaction from the
   * beginning. Undefined: there is none, or it is of no use.
   */
  async #sendHeld(host: HostItem, source: Octets | undefined, frame: Frame): Promise<readonly Address[] | undefined> {
    const { held, instance, until } = this.#batch;
    if (!(held instanceof HeldClient) || !held.serves(instance, host, host.port ?? 0, source)) return undefined;
    const ready = held.take(until, frame);
    if (ready === undefined) return undefined;
    const addresses = [...this.#pending];
    if (!held.carries(this.#batch, addresses)) {
      const reset = await ready.client.command('RSET', this.#set.command_timeout);
      if (reset.kind === 'reply' && reset.reply.code === 250) return this.#sendAll(ready, host, addresses);
      ready.client.connection.close();
      return undefined;
    }
    const outcome = await sendWhereTaken(ready, this.#set, this.#batch, addresses, this.#signer);
    if (outcome === undefined) {
      ready.client.connection.close();
      return undefined;
    }
    for (const result of outcome.results) await this.#take(result);
    this.#tell(host, addresses, outcome);
    if (outcome.isConnectionUsable) await ready.client.quit();
    else ready.client.connection.close();
    return [];
  }

  /** One connection. What is left of `addresses` when it has carried `connection_max_messages`. */
  async #connectAndSend(
    addresses: readonly Address[],
    first: Address,
    host: HostItem,
    source: Octets | undefined,
    frame: Frame,
  ): Promise<readonly Address[]> {
    const opened = await openClient({
      set: this.#set,
      transport: this.#batch.instance.name,
      host,
      interface: source,
      services: this.#batch.services,
      until: this.#batch.until,
      frame,
      delivery: this.#delivery,
      isVerifying: false,
      logId: this.#batch.message.id,
      connectTimeoutSeconds: this.#set.connect_timeout,
      commandTimeoutSeconds: this.#set.command_timeout,
    });
    if (opened.kind === 'ready') return this.#sendAll(opened.ready, host, addresses);
    if (opened.isPermanent) await this.#failAll(opened.failing, host, addresses);
    else {
      this.#logHost(host, opened.failing);
      this.#hostFailed(host, first, opened.failing, 'host');
      this.#deferAll(opened.failing, opened.isConnectFailure ? undefined : host, addresses);
    }
    return [];
  }

  /** Whatever goes wrong with our own files, no connection stays open in the middle of a message. `sentCount`: transactions of other messages before. */
  async #sendAll(ready: ReadyClient, host: HostItem, addresses: readonly Address[], sentCount = 0): Promise<readonly Address[]> {
    try {
      return await this.#sendGroups(ready, host, addresses, sentCount);
    } catch (error) {
      ready.client.connection.close();
      throw error;
    }
  }

  /** As many transactions as options and the server's LIMITS ask for, over one connection; the addresses of those that are left for another. */
  async #sendGroups(ready: ReadyClient, host: HostItem, addresses: readonly Address[], sentCount: number): Promise<readonly Address[]> {
    const { limits } = ready.extensions;
    const waiting = await this.#groups(ready.frame, addresses, limits);
    const most = Math.min(limits.mailMax, this.#set.connection_max_messages || Number.POSITIVE_INFINITY);
    for (let index = sentCount; index < most; index++) {
      const group = waiting.shift();
      if (group === undefined) break;
      const isOver = index + 1 >= most;
      const isLast = isOver || (waiting.length === 0 && !(await this.#mayContinue(ready, host)));
      const outcome = await sendTransaction(ready, this.#set, this.#batch, group, isLast, this.#signer);
      for (const result of outcome.results) await this.#take(index === 0 ? result : { ...result, transactionIndex: index });
      this.#tell(host, group, outcome);
      if (!outcome.isConnectionUsable) {
        ready.client.connection.close();
        if (outcome.failing === undefined) return waiting.flat();
        this.#deferAll(outcome.failing, host, waiting.flat());
        return [];
      }
      if (outcome.excess !== undefined && outcome.excess.length > 0) waiting.unshift([...outcome.excess]);
      const goesOn = waiting.length > 0 ? !isOver : !isLast && outcome.isProgress === true;
      if (ready.client.hasUnreadOctets) break; // the next command would take it for its reply
      if (goesOn && outcome.isReset === true && !(await this.#reset(ready))) break;
      if (goesOn && waiting.length === 0 && (await this.#carryOn(ready, host, index + 1))) return [];
    }
    await ready.client.quit();
    return waiting.flat();
  }

  async #reset({ client }: ReadyClient): Promise<boolean> {
    const answer = await client.command('RSET', this.#set.command_timeout);
    return answer.kind === 'reply' && answer.reply.code >= 200 && answer.reply.code < 300;
  }

  /** Another message may follow on the connection. */
  async #mayContinue(ready: ReadyClient, host: HostItem): Promise<boolean> {
    if (this.#batch.waiting?.mayContinue(host) !== true) return false;
    if (ready.tls === undefined) return true;
    return !(await this.#isIn(this.#set.hosts_nopass_tls, ready)) && !(await this.#isIn(this.#set.hosts_noproxy_tls, ready));
  }

  /** With a message that would have said who we are in the same way, from the same address. */
  async #carryOn(ready: ReadyClient, host: HostItem, sentCount: number): Promise<boolean> {
    const { waiting, instance, message } = this.#batch;
    if (waiting === undefined) return false;
    const own = await this.#identity(message, ready.frame);
    const fits = async (other: Message): Promise<boolean> => (await this.#identity(other, ready.frame)) === own;
    return waiting.carryOn(host, new ContinuedClient(ready, instance, sentCount), fits);
  }

  /** What options make of the message that the other side sees before MAIL. */
  async #identity(message: Message, frame: Frame): Promise<Octets> {
    const values: (Octets | undefined)[] = [];
    for (const option of [this.#set.interface, this.#set.helo_data]) {
      if (option === undefined || option.constant !== undefined) continue;
      const expanded = await option.evaluate({ ...frame, message, returnPath: message.sender });
      values.push(expanded.kind === 'ok' ? expanded.value.octets : undefined);
    }
    return JSON.stringify(values);
  }

  async #isIn(list: ListSource | undefined, { client, frame }: ReadyClient): Promise<boolean> {
    if (list === undefined) return false;
    const { address, name } = client.host;
    const match = await this.#batch.services.lists.matchHost(list, { address, name, isSender: false }, frame);
    return match.kind === 'ok' && match.value.matched;
  }

  /** The message waits for these hosts, for a connection of another message. */
  #noteWaiting(hosts: readonly HostItem[]): void {
    if (this.#set.connection_max_messages !== 1) this.#batch.waiting?.wait(hosts);
  }

  /** What a transaction says about the host: for the log and the retry times. */
  #tell(host: HostItem, group: readonly Address[], outcome: TransactionOutcome): void {
    const [first] = group;
    if (this.#hasMoreHosts) this.#logRecipients(host, outcome.results);
    if (outcome.failing !== undefined) this.#logHost(host, outcome.failing);
    if (first === undefined) return;
    if (outcome.failing !== undefined) this.#hostFailed(host, first, outcome.failing, outcome.isHostError ? 'host' : 'message');
    if (!outcome.isHostError) this.#batch.retry.hostWorked(host, first);
  }

  async #groups(frame: Frame, addresses: readonly Address[], limits: ServerExtensions['limits']): Promise<Address[][]> {
    const isMultiDomain =
      typeof this.#set.multi_domain === 'boolean' ? this.#set.multi_domain : await this.#expandsTrue(this.#set.multi_domain, frame);
    return splitRecipients(addresses, {
      recipients: Math.min(await this.#maxRcpt(frame), limits.rcptMax),
      domains: isMultiDomain ? limits.rcptDomainMax : 1,
    });
  }

  async #maxRcpt(frame: Frame): Promise<number> {
    const expanded = await this.#set.max_rcpt?.evaluate(frame);
    const limit = expanded?.kind === 'ok' ? Number.parseInt(expanded.value.octets, 10) : 100;
    return limit > 0 ? limit : Number.MAX_SAFE_INTEGER;
  }

  async #expandsTrue(template: Exclude<SmtpOptions['multi_domain'], boolean>, frame: Frame): Promise<boolean> {
    const expanded = await template.evaluate(frame);
    return expanded.kind !== 'ok' || !/^(?:no|false|0)$/.test(expanded.value.octets);
  }

  async #take(result: DeliveryResult): Promise<void> {
    if (result.kind === 'deferred') {
      this.#last.set(result.address, { ...result, ofRecipientBefore: this.#ofRecipient(result.address) });
      return;
    }
    this.#pending = this.#pending.filter((address) => address !== result.address);
    this.#results.push(result);
    await this.#batch.settled(result);
  }

  #hostFailed(host: HostItem, address: Address, failing: Failing, scope: 'host' | 'message'): void {
    if (scope === 'host') this.#unreached.push(host);
    this.#batch.retry.hostFailed(host, address, failing.error ?? { name: '', detail: '', more: 0 }, failing.message, {
      scope,
      reason: failing.reason,
      errorNumber: failing.number,
    });
  }

  #deferAll(failing: Failing, host: HostItem | undefined, addresses: readonly Address[] = this.#pending): void {
    for (const address of addresses) {
      const shown = host ?? this.#last.get(address)?.host; // the last one that was talked to
      const ofRecipientBefore = this.#ofRecipient(address);
      this.#last.set(address, { ...deferredResult(address, failing), ofRecipientBefore, ...(shown === undefined ? {} : { host: shown }) });
    }
  }

  async #failAll(failing: Failing, host: HostItem, addresses: readonly Address[]): Promise<void> {
    for (const address of addresses) await this.#take({ address, kind: 'failed', message: failing.message, host });
  }

  /** What the last host that knew it said about the recipient: it has a retry time of its own, whatever other hosts do. */
  #ofRecipient(address: Address): DeliveryResult | undefined {
    const last = this.#last.get(address);
    return last?.isOfRecipient === true ? last : last?.ofRecipientBefore;
  }

  /** `H=name [address]: what happened`, for a host whose failure is not one recipient's; of a handshake the addresses' lines tell. */
  #logHost(host: HostItem, failing: Failing): void {
    const { log } = this.#batch.services;
    if (failing.number === eximErrno.tlsFailure && failing.message.startsWith('TLS session: ')) return;
    const port = log.selected('outgoing_port') ? `:${host.port ?? 25}` : '';
    const why =
      failing.message === ''
        ? ` ${failing.reason ?? ''}`
        : `: ${failing.message}${failing.reason === undefined ? '' : `: ${failing.reason}`}`;
    log.main(`H=${host.name} [${host.address ?? ''}]${port}${why}`, this.#batch.message.id);
  }

  /** `H=name [address] what the host said`, for recipients that go on to another host. */
  #logRecipients(host: HostItem, results: readonly DeliveryResult[]): void {
    const { log } = this.#batch.services;
    for (const { isOfRecipient, message } of results)
      if (isOfRecipient === true) log.main(`H=${host.name} [${host.address ?? ''}] ${message ?? ''}`, this.#batch.message.id);
  }

  async #settleRest(): Promise<void> {
    if (this.#pending.length > 0 && this.#unreached.length > 0) this.#noteWaiting(this.#unreached);
    for (const address of this.#pending) {
      const last = this.#last.get(address);
      const result: DeliveryResult = last === undefined ? this.#untried(address) : { ...last, waitsForHost: this.#waitsForHost };
      this.#results.push(result);
      await this.#batch.settled(result);
    }
    this.#pending = [];
  }

  /** No host was contacted: each waits for its time, or all have been failing for too long. */
  #untried(address: Address): DeliveryResult {
    if (this.#failingLong > 0 && this.#failingLong === this.#considered) {
      const message = `all hosts for '${address.domain}' have been failing for a long time (and retry time not reached)`;
      return { address, kind: 'failed', message };
    }
    return {
      ...deferredResult(address, {
        number: eximErrno.hostRetryNotReached,
        message: `retry time not reached for any host for '${address.domain}'`,
      }),
      isRetryTimeNotReached: true,
    };
  }
}

function isToTry(status: HostStatus): boolean {
  return status === 'due' || status === 'past-limit';
}
