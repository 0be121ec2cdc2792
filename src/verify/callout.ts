/**
 * Callouts: asking the address's own hosts whether they would take mail for it. Spec ch. 44 "Callout verification", "Additional parameters
 * for callouts".
 */
import type { Octets } from '../base/octets.ts';
import { printable } from '../base/octets.ts';
import { earlier } from '../core/deadline.ts';
import type {
  Address,
  CalloutOptions,
  DeliveryState,
  Frame,
  HostItem,
  TransportInstance,
  Verification,
  VerifyRequest,
} from '../core/index.ts';
import { originOf } from '../core/index.ts';
import { recipientAddress } from '../transports/headers.ts';
import { messageOf, transportSettings } from '../transports/settings.ts';
import { authParameter } from '../transports/smtp/authenticate.ts';
import type { ReadyClient } from '../transports/smtp/handshake.ts';
import { openClient } from '../transports/smtp/handshake.ts';
import type { HostSearch } from '../transports/smtp/host-list.ts';
import { hostsOf, interfaceOf, portOf } from '../transports/smtp/host-list.ts';
import type { SmtpOptions } from '../transports/smtp/options.ts';
import type { CacheAnswer, CalloutFindings } from './callout-cache.ts';
import { CalloutCache } from './callout-cache.ts';
import { type CalloutForm, chooseForm, PLAIN_FORM, written } from './callout-form.ts';
import { endCutthrough, HeldConnection, transportReturnPath } from './cutthrough.ts';

type Refused = Extract<Verification, { kind: 'fail' }>;

/** `next`: the host gave no answer that counts; another may. */
type HostAnswer = Verification | { readonly kind: 'next'; readonly why: Octets };

/**
 * What is to become of the connection of a recipient callout, and of one that is kept already: `apart`: it has nothing to do with that; `joins`: it is asked on
 * that one; `keeps`: the same, and where there is none yet, this one is kept; `ends`: it is asked on its own, and that one is given up.
 */
export type HoldPlan = 'apart' | 'joins' | 'keeps' | 'ends';

/** Addresses that are delivered here need no callout. */
export async function verifyByCallout(
  address: Address,
  request: VerifyRequest,
  options: CalloutOptions,
  frame: Frame,
  plan: HoldPlan = 'apart',
): Promise<Verification> {
  const good: Verification = { kind: 'ok', addressData: address.state.addressData, address };
  const { transport } = address.state;
  const { log } = frame.services;
  const hasOwnHosts = address.state.hosts !== undefined && address.state.hosts.length > 0;
  if (transport === undefined ? !hasOwnHosts : !hasHosts(transport, hasOwnHosts)) {
    log.debug('verify', () => 'Cannot do callout: neither router nor transport provided a host list, or transport is not smtp');
    return good;
  }
  log.debug('verify', () => 'Attempting full verification using callout');
  if (frame.session?.isRehearsal === true && frame.session.makesCallouts !== true) {
    log.debug('verify', () => '... callout omitted by default when host testing\n(Use -bhc if you want the callouts to happen.)');
    return good;
  }
  return new Callout(address, request, options, frame, plan).verify(transport);
}

function hasHosts(transport: TransportInstance, hasOwnHosts: boolean): boolean {
  return transport.isRemote && (hasOwnHosts || smtpOptionsOf(transport).hosts !== undefined);
}

function smtpOptionsOf(transport: TransportInstance): SmtpOptions {
  return transport.own as unknown as SmtpOptions; // the only remote transport's options
}

const CACHED_REFUSALS: Readonly<Record<(CacheAnswer & { kind: 'refused' })['by'], Pick<Refused, 'logMessage' | 'failure'>>> = {
  domain: { logMessage: '(result of an earlier callout reused).', failure: 'mail' },
  postmaster: { logMessage: '(result of earlier verification reused).', failure: 'postmaster' },
  address: { logMessage: 'Previous (cached) callout verification failure', failure: 'recipient' },
};

/** For one address: what is known of it, and conversations with its hosts until one knows. */
class Callout {
  readonly #address: Address;
  readonly #request: VerifyRequest;
  readonly #options: CalloutOptions;
  readonly #frame: Frame;
  readonly #findings: CalloutFindings = { mail: 'unknown', address: 'unknown', random: 'unknown', postmaster: 'unknown' };
  #plan: HoldPlan;
  #asks: CacheAnswer & { kind: 'ask' } = { kind: 'ask', random: false, postmaster: false };
  #form: CalloutForm = PLAIN_FORM;
  /** For MAIL, where the transport's `return_path` is asked for. */
  #returnPath: Octets | undefined;

  constructor(address: Address, request: VerifyRequest, options: CalloutOptions, frame: Frame, plan: HoldPlan) {
    this.#plan = plan;
    this.#address = address;
    this.#request = request;
    this.#options = options;
    const until = earlier(frame.until, frame.services.clock.monotonicMs() + options.totalTimeoutMs);
    this.#frame = { ...frame, address, until };
  }

  async verify(transport: TransportInstance | undefined): Promise<Verification> {
    const cache = new CalloutCache(this.#address, this.#options, this.#sender(), this.#frame);
    const known = cache.look();
    if (known.kind === 'accepted') return this.#good(known.isRandom ? 'random' : 'address');
    if (known.kind === 'refused') {
      const { logMessage, failure } = CACHED_REFUSALS[known.by];
      return {
        kind: 'fail',
        failure,
        userMessage: logMessage,
        logMessage,
        addressData: this.#address.state.addressData,
        isCached: true,
        refusesNullSender: known.by === 'domain',
      };
    }
    this.#asks = known;
    const result = await this.#askHosts(transport);
    cache.remember(this.#findings);
    return result;
  }

  async #askHosts(transport: TransportInstance | undefined): Promise<Verification> {
    const { session, services } = this.#frame;
    if (transport === undefined) {
      services.log.debug('verify', () => 'cannot callout via null transport');
      return this.#incomplete(undefined);
    }
    const search: HostSearch = {
      addresses: [this.#address],
      frame: this.#frame,
      instance: transport,
      services,
      until: this.#frame.until,
    };
    const found = await hostsOf(smtpOptionsOf(transport), search);
    if (found.kind === 'failing') return this.#incomplete(found.failing.message);
    if (session?.state.controls.has('no_callout_flush') !== true) await session?.state.flushReplies?.();
    if (this.#usesReturnPath()) this.#returnPath = await transportReturnPath(transport, this.#envelopeSender(), this.#frame);
    const held = await this.#askHeld(transport, found.hosts, search);
    if (held !== undefined) return held;
    let why: Octets | undefined;
    for (const host of found.hosts) {
      const answer = await this.#askHost(host, transport, search);
      if (answer.kind !== 'next') return answer;
      why = `${whichHost(host)} : ${answer.why}`;
      if (services.clock.monotonicMs() >= this.#frame.until.endMs) break;
    }
    return this.#incomplete(found.hosts.length === 1 ? why : undefined);
  }

  async #askHost(found: HostItem, transport: TransportInstance, search: HostSearch): Promise<HostAnswer> {
    const set = smtpOptionsOf(transport);
    this.#address.state.host = found;
    const port = found.port === undefined ? await portOf(set, search, this.#frame) : { kind: 'ok' as const, port: found.port };
    if (port.kind === 'failing') return { kind: 'next', why: port.failing.message };
    const host: HostItem = { ...found, port: port.port };
    this.#address.state.host = host;
    const source = await interfaceOf(set, search, host, this.#frame);
    if (source.kind === 'failing') return { kind: 'next', why: source.failing.message };
    this.#frame.results.calloutAddress = `[${host.address ?? ''}]:${host.port}`;
    const delivery: DeliveryState = { results: this.#frame.results, startedAtMs: this.#frame.services.clock.now() };
    const opened = await openClient({
      set,
      transport: transport.name,
      host,
      interface: source.address,
      services: this.#frame.services,
      until: this.#frame.until,
      frame: { ...this.#frame, delivery },
      delivery,
      isVerifying: true,
      connectTimeoutSeconds: this.#options.connectTimeoutMs / 1000,
      commandTimeoutSeconds: this.#options.commandTimeoutMs / 1000,
    });
    if (opened.kind === 'failing') {
      const { message, reason } = opened.failing;
      const why = printable(message === '' ? (reason ?? '') : message);
      if (!opened.isPermanent || opened.refusal === undefined) return { kind: 'next', why };
      return this.#refused('mail', opened.refusal.reply, host, opened.refusal.after, why);
    }
    const answer = await this.#converse(opened.ready, host, set);
    const { transaction } = this.#frame;
    if (transaction !== undefined && answer.kind === 'ok' && this.#isToKeep(opened.ready, set)) {
      const held = new HeldConnection(opened.ready, transport, set, { returnPath: this.#sender(), form: this.#form });
      held.add(this.#address);
      transaction.state.cutthrough = held;
    } else await opened.ready.client.quit();
    return answer;
  }

  /** Not for a delivery that would use TLS where callouts do not; that of a cutthrough does as callouts do, and signs nothing. */
  #isToKeep({ tls, extensions }: ReadyClient, set: SmtpOptions): boolean {
    const avoidsTls = tls === undefined && set.hosts_verify_avoid_tls !== undefined && extensions.keywords.has('STARTTLS');
    const isCut = this.#frame.transaction?.state.controls.has('cutthrough_delivery') === true;
    return this.#plan === 'keeps' && (isCut ? set.dkim_domain === undefined : !avoidsTls);
  }

  /**
   * On the connection that an earlier recipient left. Undefined: there is none that would do, or its host does not answer for good: then it is given up, and
   * the hosts are asked in the usual way.
   */
  async #askHeld(transport: TransportInstance, hosts: readonly HostItem[], search: HostSearch): Promise<Verification | undefined> {
    const state = this.#frame.transaction?.state;
    const held = state?.cutthrough;
    if (!(held instanceof HeldConnection) || this.#plan === 'apart') return undefined;
    const port = await portOf(smtpOptionsOf(transport), search, this.#frame);
    const joins = this.#plan !== 'ends' && held.returnPath === this.#sender();
    if (joins && port.kind !== 'failing' && held.serves(transport, hosts[0], port.port)) {
      if (held.hasTaken(this.#address)) return this.#good('address');
      const command = `RCPT TO:<${written(this.#recipientAddress(), held.form)}>`;
      const answer = await this.#send(held.ready, command);
      if (answer.kind === 'reply' && answer.isPositive) {
        held.add(this.#address);
        return this.#good('address');
      }
      if (answer.kind === 'reply' && answer.isPermanent) {
        await endCutthrough(state);
        const { host } = held.ready.client;
        const { raw } = answer.reply;
        return { ...this.#refused('recipient', raw, host, command, ''), logMessage: `response to "${command}" was: ${printable(raw)}` };
      }
    }
    this.#plan = 'apart';
    await endCutthrough(state);
    return undefined;
  }

  async #converse(ready: ReadyClient, host: HostItem, set: SmtpOptions): Promise<HostAnswer> {
    const chosen = await chooseForm(ready, set, this.#frame);
    if (chosen.kind === 'failing') return { kind: 'next', why: chosen.why };
    if (chosen.kind === 'refused') return this.#withoutUtf8(host);
    const author = await authParameter(set, ready, originOf(this.#frame)?.authenticatedSender);
    if (author.kind !== 'ok') return { kind: 'next', why: messageOf(author) };
    this.#form = { ...chosen.form, mailParameters: chosen.form.mailParameters + author.value };
    const mail = await this.#mail(ready, host);
    if (mail !== undefined) return mail;
    if (this.#asks.random) {
      const random = await this.#askRandom(ready, host);
      if (random !== undefined) return random;
    }
    const recipient = await this.#recipient(ready, host, this.#recipientAddress(), 'recipient');
    if (recipient?.kind === 'next') return recipient;
    this.#findings.address = recipient === undefined ? 'accept' : 'reject';
    if (recipient !== undefined) return recipient;
    return this.#asks.postmaster ? this.#askPostmaster(ready, host) : this.#good('address');
  }

  /** Undefined: the host agrees. */
  async #mail(ready: ReadyClient, host: HostItem): Promise<HostAnswer | undefined> {
    const sender = this.#sender();
    const command = `MAIL FROM:<${written(sender, this.#form)}>${this.#form.mailParameters}`;
    this.#findings.mail = 'accept';
    const answer = await this.#send(ready, command);
    if (answer.kind !== 'reply') return { kind: 'next', why: answer.why };
    if (answer.isPositive) return undefined;
    if (!answer.isPermanent) return { kind: 'next', why: ready.client.refusal(answer.reply, command) };
    if (sender === '') this.#findings.mail = 'reject-mail-null';
    const refused = this.#refused('mail', answer.reply.raw, host, command, `response to "${command}" was: ${printable(answer.reply.raw)}`);
    return { ...refused, refusesNullSender: sender === '' };
  }

  /** A domain that takes any local part takes this one. Undefined: it does not, and the transaction was begun again. */
  async #askRandom(ready: ReadyClient, host: HostItem): Promise<HostAnswer | undefined> {
    const option = this.#frame.config.main.callout_random_local_part;
    const expanded = await option?.evaluate(this.#frame);
    if (expanded?.kind !== 'ok' || expanded.value.octets === '') {
      if (expanded?.kind === 'fail' || expanded?.kind === 'defer')
        this.#frame.services.log.panic(`failed to expand callout_random_local_part: ${expanded.message}`);
      return undefined;
    }
    const command = `RCPT TO:<${written(`${expanded.value.octets}@${this.#address.domain}`, this.#form)}>`;
    const answer = await this.#send(ready, command);
    if (answer.kind !== 'reply') return { kind: 'next', why: answer.why };
    if (answer.isPositive) {
      this.#findings.random = 'accept';
      return this.#good('random');
    }
    if (!answer.isPermanent) return { kind: 'next', why: ready.client.refusal(answer.reply, command) };
    this.#findings.random = 'reject';
    const reset = await this.#send(ready, 'RSET');
    if (reset.kind !== 'reply') return { kind: 'next', why: reset.why };
    return this.#mail(ready, host);
  }

  async #recipient(
    ready: ReadyClient,
    host: HostItem,
    recipient: Octets,
    failure: Refused['failure'],
  ): Promise<(Refused | { readonly kind: 'next'; readonly why: Octets }) | undefined> {
    const command = `RCPT TO:<${written(recipient, this.#form)}>`;
    const answer = await this.#send(ready, command);
    if (answer.kind !== 'reply') return { kind: 'next', why: answer.why };
    if (answer.isPositive) return undefined;
    const why = printable(ready.client.refusal(answer.reply, command));
    return answer.isPermanent ? this.#refused(failure, answer.reply.raw, host, command, why) : { kind: 'next', why };
  }

  /** In a transaction of its own. What cannot be found out does not count against the domain. */
  async #askPostmaster(ready: ReadyClient, host: HostItem): Promise<HostAnswer> {
    const reset = await this.#send(ready, 'RSET');
    if (reset.kind !== 'reply') return { kind: 'next', why: reset.why };
    const command = `MAIL FROM:<${written(this.#options.postmasterSender ?? '', this.#form)}>${this.#form.mailParameters}`;
    const mail = await this.#send(ready, command);
    if (mail.kind !== 'reply') return { kind: 'next', why: mail.why };
    if (mail.isPermanent) {
      this.#findings.postmaster = 'reject';
      const { raw } = mail.reply;
      return this.#refused('postmaster', raw, host, command, `response to "${command}" was: ${printable(raw)}`);
    }
    if (!mail.isPositive) return { kind: 'next', why: ready.client.refusal(mail.reply, command) };
    const first = await this.#recipient(ready, host, `postmaster@${this.#address.domain}`, 'postmaster');
    const isFull = first?.kind === 'fail' && this.#options.isFullPostmaster;
    const last = isFull ? await this.#recipient(ready, host, 'postmaster', 'postmaster') : first;
    if (last?.kind === 'next') return last;
    this.#findings.postmaster = last === undefined ? 'accept' : 'reject';
    return last ?? this.#good('address');
  }

  async #send(ready: ReadyClient, command: Octets) {
    const answer = await ready.client.command(command, this.#options.commandTimeoutMs / 1000);
    if (answer.kind === 'reply') {
      const { code } = answer.reply;
      return { kind: 'reply' as const, reply: answer.reply, isPositive: code >= 200 && code < 300, isPermanent: code >= 500 && code < 600 };
    }
    const { failing, isTimeout } = answer;
    const isDropped = !isTimeout && /^Remote host closed/.test(failing.message);
    const why = isDropped
      ? `response to "${command}" was: connection dropped`
      : failing.message === ''
        ? (failing.reason ?? '')
        : failing.message;
    return { kind: 'lost' as const, why };
  }

  /** Without affixes unless the transport says so. */
  #recipientAddress(): Octets {
    const { transport } = this.#address.state;
    return recipientAddress(this.#address, transport === undefined || transportSettings(transport).rcpt_include_affixes);
  }

  #sender(): Octets {
    if (this.#request.isSender) return this.#options.mailFrom;
    if (this.#options.useSender) return this.#returnPath ?? this.#envelopeSender();
    return this.#options.usePostmaster ? `postmaster@${this.#frame.config.main.qualify_domain ?? ''}` : '';
  }

  #envelopeSender(): Octets {
    return this.#frame.transaction?.state.sender ?? this.#frame.message?.sender ?? '';
  }

  #usesReturnPath(): boolean {
    if (this.#options.useTransportSender === true) return true;
    return (
      this.#plan !== 'apart' && this.#frame.transaction?.state.controls.get('cutthrough_delivery')?.includes('/sender=transport') === true
    );
  }

  #good(calledOut: 'address' | 'random'): Verification {
    return { kind: 'ok', addressData: this.#address.state.addressData, address: this.#address, calledOut };
  }

  /** Not by a command; what it is for is left open, and it is not remembered. */
  #withoutUtf8(host: HostItem): Refused {
    return {
      kind: 'fail',
      failure: undefined,
      userMessage: '533 no support for internationalised mailbox name',
      logMessage: `${whichHost(host)} : response to "EHLO" did not include SMTPUTF8`,
      addressData: this.#address.state.addressData,
    };
  }

  #refused(failure: Refused['failure'], reply: Octets, host: HostItem, command: Octets, why: Octets): Refused {
    const userMessage = this.#request.isSender
      ? `Called:   ${host.address ?? ''}\nSent:     ${command}\nResponse: ${reply}`
      : `Callout verification failed:\n${reply}`;
    const { addressData } = this.#address.state;
    return { kind: 'fail', failure, userMessage, logMessage: `${whichHost(host)} : ${why}`, addressData };
  }

  /** `why` is for the log, and only where there was but one host to ask. */
  #incomplete(why: Octets | undefined): Verification {
    const text = `Could not complete ${this.#request.isSender ? 'sender' : 'recipient'} verify callout`;
    return {
      kind: 'defer',
      userMessage: this.#request.isSender ? undefined : text,
      logMessage: why === undefined ? text : `${text}: ${why}`,
      addressData: this.#address.state.addressData,
      isCallout: true,
    };
  }
}

function whichHost(host: HostItem): Octets {
  return `${host.name} [${host.address ?? ''}]`;
}
