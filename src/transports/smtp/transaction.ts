/**
 * One transaction: MAIL, RCPT for each address, DATA and the message, over a client that is ready. Commands go out together when the
 * server offers PIPELINING. Spec ch. 49 "Errors in outgoing SMTP"; RFC 5321 s3.3, RFC 2920, RFC 1870, RFC 3461, RFC 2033.
 */
import { type Octets, trimSpace } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { DeliveryBatch, DeliveryResult, RetryError } from '../../core/drivers.ts';
import type { Recipient } from '../../core/message.ts';
import type { Reply } from '../../smtp/reply.ts';
import { encodeXtext } from '../../smtp/xtext.ts';
import type { Failing } from '../errno.ts';
import { deferredResult, eximErrno } from '../errno.ts';
import { recipientAddress } from '../headers.ts';
import { messageText } from '../message-text.ts';
import { expandOption, messageOf, transportSettings } from '../settings.ts';
import type { Answer } from './client.ts';
import { noError } from './client.ts';
import { addressToAlabel, envelopeForm } from './downconvert.ts';
import type { ReadyClient } from './handshake.ts';
import type { SmtpOptions } from './options.ts';

export interface TransactionOutcome {
  /** Delivered and failed addresses; deferred ones may be tried with another host. */
  readonly results: readonly DeliveryResult[];
  /** What concerns host or message, not one recipient: for the log line of the host. */
  readonly failing: Failing | undefined;
  /** It concerns the host: retry data is kept for it. */
  readonly isHostError: boolean;
  readonly isConnectionUsable: boolean;
  /** Recipients that were too many for this transaction (452, RFC 5321 s4.5.3.1.10): for another one at once. They have no result. */
  readonly excess?: readonly Address[];
  /** Nothing was sent: the next transaction needs RSET. */
  readonly isReset?: boolean;
}

/** Sends the message of the batch to `addresses`. `isLast`: nothing follows on the connection, so that QUIT may go out with the end of the message. */
export async function sendTransaction(
  ready: ReadyClient,
  set: SmtpOptions,
  batch: DeliveryBatch,
  addresses: readonly Address[],
  isLast: boolean,
): Promise<TransactionOutcome> {
  return new SmtpTransaction(ready, set, batch, addresses, isLast).run();
}

/** Sends the message of the batch to addresses that the server has taken already. */
export async function sendToTaken(
  ready: ReadyClient,
  set: SmtpOptions,
  batch: DeliveryBatch,
  addresses: readonly Address[],
): Promise<TransactionOutcome> {
  return new SmtpTransaction(ready, set, batch, addresses, false).runData();
}

/**
 * The same, where another connection can be made: undefined when the server does not want the message now, or is gone (it has waited), and nothing
 * was sent.
 */
export async function sendWhereTaken(
  ready: ReadyClient,
  set: SmtpOptions,
  batch: DeliveryBatch,
  addresses: readonly Address[],
): Promise<TransactionOutcome | undefined> {
  return new SmtpTransaction(ready, set, batch, addresses, true).runDataIfTaken();
}

/** Too many recipients. Of commands that went out together the rest may fit into another transaction; one by one the client has seen it, and waits. */
const TOO_MANY = 452;

class SmtpTransaction {
  readonly #ready: ReadyClient;
  readonly #set: SmtpOptions;
  readonly #batch: DeliveryBatch;
  readonly #addresses: readonly Address[];
  readonly #results = new Map<Address, DeliveryResult>();
  readonly #accepted: Address[] = [];
  /** Refused with 452. */
  readonly #excess = new Set<Address>();
  readonly #startedMs: number;
  readonly #isLast: boolean;
  #passesDsn = false;
  /** The server has answered to a whole message. */
  #hasSent = false;
  /** MAIL says SMTPUTF8. */
  #isUtf8 = false;
  /** Addresses that are sent in another form. */
  readonly #alabels = new Map<Octets, Octets>();

  constructor(ready: ReadyClient, set: SmtpOptions, batch: DeliveryBatch, addresses: readonly Address[], isLast: boolean) {
    this.#isLast = isLast;
    this.#ready = ready;
    this.#set = set;
    this.#batch = batch;
    this.#addresses = addresses;
    this.#startedMs = batch.services.clock.monotonicMs();
  }

  async run(): Promise<TransactionOutcome> {
    const { client, extensions } = this.#ready;
    const isPipelining = extensions.keywords.has('PIPELINING') && !(await this.#avoidsPipelining());
    client.isPipelining = isPipelining;
    const limit = extensions.sizeLimit ?? 0;
    if (limit > 0 && this.#batch.message.size > limit)
      return this.#all('failed', { message: `message is too big for remote host (SIZE ${limit})`, error: noError });
    const unfit = await this.#chooseForm();
    if (unfit !== undefined) return unfit;
    const mail = await this.#mailCommand();
    if (mail.kind === 'failing') return this.#all('deferred', mail.failing);
    const rcpts = this.#addresses.map((address) => this.#rcptCommand(address));
    return isPipelining ? this.#pipelined(mail.line, rcpts) : this.#oneByOne(mail.line, rcpts);
  }

  /** MAIL and RCPT have been said. */
  async runData(): Promise<TransactionOutcome> {
    this.#accepted.push(...this.#addresses);
    const data = await this.#ready.client.command('DATA', this.#set.command_timeout);
    return data.kind === 'lost' ? this.#hostLost(data) : this.#afterData(data.reply);
  }

  async runDataIfTaken(): Promise<TransactionOutcome | undefined> {
    this.#accepted.push(...this.#addresses);
    const data = await this.#ready.client.command('DATA', this.#set.command_timeout);
    return data.kind === 'lost' || data.reply.code < 300 || data.reply.code > 399 ? undefined : this.#afterData(data.reply);
  }

  /** How addresses in UTF-8 are sent; what ends the transaction when they cannot be. */
  async #chooseForm(): Promise<TransactionOutcome | undefined> {
    const setting = await expandOption(this.#set.utf8_downconvert, this.#ready.frame);
    if (setting.kind !== 'ok')
      return this.#all('deferred', {
        number: eximErrno.unknown,
        message: `failed to expand "utf8_downconvert" option for ${this.#batch.instance.name} transport: ${messageOf(setting)}`,
      });
    const form = envelopeForm(this.#batch.message, trimSpace(setting.value?.octets ?? ''), this.#ready.extensions.keywords.has('SMTPUTF8'));
    if (form === undefined) return this.#all('failed', { message: 'utf8 support required but not offered for forwarding', error: noError });
    this.#isUtf8 = form.isUtf8;
    if (form.isConverted)
      for (const text of [this.#batch.returnPath, ...this.#addresses.map((address) => this.#writtenRecipient(address))]) {
        const converted = addressToAlabel(text);
        if (converted.kind !== 'ok') return this.#all('failed', { message: messageOf(converted), error: noError });
        if (converted.address !== text) this.#alabels.set(text, converted.address);
      }
    return undefined;
  }

  async #avoidsPipelining(): Promise<boolean> {
    const list = this.#set.hosts_avoid_pipelining;
    if (list === undefined) return false;
    const { host } = this.#ready.client;
    const match = await this.#batch.services.lists.matchHost(
      list,
      { address: host.address, name: host.name, isSender: false },
      this.#ready.frame,
    );
    return match.kind === 'ok' && match.value.matched;
  }

  // ---------------------------------------------------------------- commands

  async #mailCommand(): Promise<{ readonly kind: 'ok'; readonly line: Octets } | { readonly kind: 'failing'; readonly failing: Failing }> {
    const { keywords } = this.#ready.extensions;
    const { message } = this.#batch;
    let line = `MAIL FROM:<${this.#alabels.get(this.#batch.returnPath) ?? this.#batch.returnPath}>`;
    if (keywords.has('SIZE') && this.#set.size_addition >= 0) line += ` SIZE=${message.size + this.#set.size_addition}`;
    if (this.#isUtf8) line += ' SMTPUTF8';
    this.#passesDsn = keywords.has('DSN') && !this.#addresses.some((address) => address.state.router?.generic['dsn_lasthop'] === true);
    if (this.#passesDsn) {
      if (message.dsn.ret !== undefined) line += ` RET=${message.dsn.ret}`;
      if (message.dsn.envid !== undefined) line += ` ENVID=${message.dsn.envid}`;
    }
    const auth = await this.#authParameter();
    return auth.kind === 'failing' ? auth : { kind: 'ok', line: line + auth.text };
  }

  /** ` AUTH=<…>` once we have authenticated, or with `authenticated_sender_force`. */
  async #authParameter(): Promise<
    { readonly kind: 'ok'; readonly text: Octets } | { readonly kind: 'failing'; readonly failing: Failing }
  > {
    const option = this.#set.authenticated_sender;
    const expanded = await expandOption(option, this.#ready.frame);
    if (expanded.kind !== 'ok')
      return {
        kind: 'failing',
        failing: { number: eximErrno.unknown, message: `failed to expand authenticated_sender: ${messageOf(expanded)}` },
      };
    const sender =
      expanded.value !== undefined && expanded.value.octets !== '' ? expanded.value.octets : this.#batch.message.origin.authenticatedSender;
    const isAllowed = this.#ready.authenticator !== undefined || this.#set.authenticated_sender_force;
    return { kind: 'ok', text: isAllowed && sender !== undefined && sender !== '' ? ` AUTH=${encodeXtext(sender)}` : '' };
  }

  #rcptCommand(address: Address): Octets {
    let line = `RCPT TO:<${this.#recipient(address)}>`;
    const { keywords } = this.#ready.extensions;
    if (this.#set.lmtp_ignore_quota && keywords.has('IGNOREQUOTA')) line += ' IGNOREQUOTA';
    const recipient: Recipient | undefined = this.#passesDsn ? this.#batch.message.recipients[address.recipientIndex] : undefined;
    if (recipient?.notify !== undefined && recipient.notify.length > 0) line += ` NOTIFY=${recipient.notify.join(',')}`;
    if (recipient?.orcpt !== undefined) line += ` ORCPT=${recipient.orcpt}`;
    return line;
  }

  #recipient(address: Address): Octets {
    const text = this.#writtenRecipient(address);
    return this.#alabels.get(text) ?? text;
  }

  #writtenRecipient(address: Address): Octets {
    return recipientAddress(address, transportSettings(this.#batch.instance).rcpt_include_affixes);
  }

  // ---------------------------------------------------------------- dialogues

  async #pipelined(mail: Octets, rcpts: readonly Octets[]): Promise<TransactionOutcome> {
    const { client } = this.#ready;
    const timeout = this.#set.command_timeout;
    await client.send([mail, ...rcpts, 'DATA'], timeout);
    const from = await client.readReply(mail, timeout);
    if (from.kind === 'lost') return this.#lostAfterMail(from);
    const mailFailing = this.#mailRefusal(from.reply, mail);
    for (const address of this.#addresses) {
      const answer = await client.readReply(`RCPT TO:<${this.#recipient(address)}>`, timeout);
      if (answer.kind === 'lost')
        return mailFailing === undefined ? this.#lostAfterRcpt(answer, address) : this.#mailFailed(mailFailing, from.reply, false);
      if (mailFailing === undefined) this.#takeRcpt(address, answer.reply);
    }
    const data = await client.readReply('DATA', timeout);
    if (data.kind === 'lost') {
      if (mailFailing !== undefined) return this.#mailFailed(mailFailing, from.reply, false);
      return this.#accepted.length === 0 ? this.#finish(undefined, false, false) : this.#hostLost(data);
    }
    if (mailFailing === undefined && this.#accepted.length > 0) return this.#afterData(data.reply);
    const isEnded = data.reply.code < 300 || data.reply.code > 399 || (await this.#endEmptyMessage());
    return mailFailing === undefined ? this.#finish(undefined, false, isEnded) : this.#mailFailed(mailFailing, from.reply, isEnded);
  }

  async #oneByOne(mail: Octets, rcpts: readonly Octets[]): Promise<TransactionOutcome> {
    const { client } = this.#ready;
    const timeout = this.#set.command_timeout;
    const from = await client.command(mail, timeout);
    if (from.kind === 'lost') return this.#lostAfterMail(from);
    const mailFailing = this.#mailRefusal(from.reply, mail);
    if (mailFailing !== undefined) return this.#mailFailed(mailFailing, from.reply, true);
    for (const [index, address] of this.#addresses.entries()) {
      await client.send([rcpts[index] ?? ''], timeout);
      const answer = await client.readReply(`RCPT TO:<${this.#recipient(address)}>`, timeout);
      if (answer.kind === 'lost') return this.#lostAfterRcpt(answer, address);
      this.#takeRcpt(address, answer.reply);
    }
    if (this.#accepted.length === 0) return this.#finish(undefined, false, true);
    const data = await client.command('DATA', timeout);
    return data.kind === 'lost' ? this.#hostLost(data) : this.#afterData(data.reply);
  }

  #mailRefusal(reply: Reply, mail: Octets): Failing | undefined {
    if (isPositive(reply)) return undefined;
    const { client } = this.#ready;
    return {
      number: number4xx(eximErrno.mail4xx, reply),
      error: error4xx('mail', reply),
      message: client.refusal(reply, client.after(mail)),
    };
  }

  #mailFailed(failing: Failing, reply: Reply, isConnectionUsable: boolean): TransactionOutcome {
    const outcome = this.#all(isPermanent(reply) ? 'failed' : 'deferred', failing);
    return { ...outcome, isConnectionUsable };
  }

  #takeRcpt(address: Address, reply: Reply): void {
    if (isPositive(reply)) {
      this.#accepted.push(address);
      return;
    }
    const { client } = this.#ready;
    if (reply.code === TOO_MANY && client.isPipelining) this.#excess.add(address);
    const message = client.refusal(reply, `RCPT TO:<${this.#recipient(address)}>`);
    if (isPermanent(reply)) this.#results.set(address, { ...this.#common(address), kind: 'failed', message });
    else
      this.#defer(
        address,
        { number: eximErrno.rcpt4xx, error: { name: 'rcpt_4xx', detail: '', more: reply.code % 100 }, message },
        { isOfRecipient: true },
      );
  }

  /** All recipients were refused, yet the server waits for a message. */
  async #endEmptyMessage(): Promise<boolean> {
    const answer = await this.#ready.client.command('.', this.#set.final_timeout);
    return answer.kind === 'reply';
  }

  async #afterData(reply: Reply): Promise<TransactionOutcome> {
    const { client } = this.#ready;
    if (reply.code < 300 || reply.code > 399) {
      const failing: Failing = {
        number: number4xx(eximErrno.data4xx, reply),
        error: error4xx('data', reply),
        message: client.refusal(reply, client.after('DATA')),
      };
      return this.#all(isPermanent(reply) ? 'failed' : 'deferred', failing);
    }
    const sent = await this.#sendMessage();
    if (sent !== undefined) return sent;
    this.#hasSent = true;
    return client.protocol === 'LMTP' ? this.#lmtpReplies() : this.#finalReply();
  }

  /** Undefined: all is sent. */
  async #sendMessage(): Promise<TransactionOutcome | undefined> {
    const { client } = this.#ready;
    const generic = transportSettings(this.#batch.instance);
    const quits = this.#isLast && client.isPipelining && this.#excess.size === 0;
    if (quits) client.hasQuit = true;
    const format = {
      headers: generic.body_only ? undefined : this.#batch.headers,
      body: generic.headers_only ? undefined : this.#batch.message.body,
      useCrlf: true,
      check: { from: '.', to: '..' },
      endsLine: true,
      suffix: quits ? '.\r\nQUIT\r\n' : '.\r\n',
    };
    let written = 0;
    for await (const part of messageText(format, this.#batch.until)) {
      const result = await client.connection.write(part, client.deadline(this.#set.data_timeout));
      if (result.kind === 'ok') {
        written += part.length;
        continue;
      }
      if (result.kind === 'timeout') {
        return this.#hostLost({
          kind: 'lost',
          isTimeout: true,
          failing: {
            number: 110,
            reason: 'Connection timed out',
            error: { name: 'timeout', detail: '', more: 0 },
            message: `${client.protocol} timeout after ${client.after('sending data block')} (${written} bytes written)`,
          },
        });
      }
      const early = await client.readReply('sending data block', 1);
      if (early.kind === 'lost') return this.#hostLost(early);
      const failing: Failing = {
        number: number4xx(eximErrno.data4xx, early.reply),
        error: error4xx('data', early.reply),
        message: client.refusal(early.reply, client.after('sending data block')),
      };
      return { ...this.#all(isPermanent(early.reply) ? 'failed' : 'deferred', failing), isConnectionUsable: false };
    }
    return undefined;
  }

  async #finalReply(): Promise<TransactionOutcome> {
    const { client } = this.#ready;
    const answer = await client.readReply('end of data', this.#set.final_timeout);
    if (answer.kind === 'lost') {
      for (const address of this.#accepted) this.#defer(address, answer.failing);
      return this.#finish(answer.failing, false, false);
    }
    if (isPositive(answer.reply)) {
      for (const address of this.#accepted) this.#deliver(address, answer.reply);
      return this.#finish(undefined, false, true);
    }
    const failing: Failing = {
      number: number4xx(eximErrno.data4xx, answer.reply),
      error: error4xx('data', answer.reply),
      message: client.refusal(answer.reply, client.after('end of data')),
    };
    return this.#all(isPermanent(answer.reply) ? 'failed' : 'deferred', failing);
  }

  /** One reply for each recipient that was accepted. RFC 2033 s4.2. */
  async #lmtpReplies(): Promise<TransactionOutcome> {
    const { client } = this.#ready;
    for (const [index, address] of this.#accepted.entries()) {
      const answer = await client.readReply('end of data', this.#set.final_timeout);
      if (answer.kind === 'lost') {
        for (const rest of this.#accepted.slice(index)) this.#defer(rest, answer.failing);
        return this.#finish(answer.failing, false, false);
      }
      const { reply } = answer;
      const message = `LMTP error after DATA: ${reply.raw}`;
      if (isPositive(reply)) this.#deliver(address, reply);
      else if (isPermanent(reply)) this.#results.set(address, { ...this.#common(address), kind: 'failed', message });
      else this.#defer(address, { number: 0, error: error4xx('data', reply), message }, { isOfRecipient: true });
    }
    return this.#finish(undefined, false, true);
  }

  // ---------------------------------------------------------------- results

  #common(
    address: Address,
  ): Pick<
    DeliveryResult,
    | 'address'
    | 'sentAs'
    | 'senderSentAs'
    | 'host'
    | 'tls'
    | 'authenticator'
    | 'usedPipelining'
    | 'dsnAware'
    | 'sendingAddress'
    | 'sendingPort'
    | 'durationMs'
  > {
    const { client, tls, authenticator } = this.#ready;
    const senderSentAs = this.#alabels.get(this.#batch.returnPath);
    const sentAs = this.#alabels.get(this.#writtenRecipient(address));
    return {
      address,
      ...(sentAs === undefined ? {} : { sentAs }),
      ...(senderSentAs === undefined ? {} : { senderSentAs }),
      host: client.host,
      tls,
      authenticator,
      usedPipelining: client.isPipelining,
      dsnAware: this.#passesDsn,
      sendingAddress: client.connection.localAddress,
      sendingPort: client.connection.localPort,
      durationMs: this.#batch.services.clock.monotonicMs() - this.#startedMs,
    };
  }

  #deliver(address: Address, reply: Reply): void {
    this.#results.set(address, { ...this.#common(address), kind: 'delivered', confirmation: reply.raw });
  }

  /** `isOfHost` false: the host has not said anything about it. */
  #defer(address: Address, failing: Failing, { isOfRecipient = false, isOfHost = true } = {}): void {
    const { host, ...common } = this.#common(address);
    const shown = isOfHost ? { host } : {};
    this.#results.set(address, { ...common, ...shown, ...deferredResult(address, failing), ...(isOfRecipient ? { isOfRecipient } : {}) });
  }

  /** Every address that has no fate yet. */
  #all(kind: 'failed' | 'deferred', failing: Failing): TransactionOutcome {
    for (const address of this.#addresses) {
      if (this.#results.has(address)) continue;
      if (kind === 'failed') this.#results.set(address, { ...this.#common(address), kind, message: failing.message });
      else this.#defer(address, failing);
    }
    return this.#finish(kind === 'deferred' ? failing : undefined, false, true);
  }

  /** A time-out is the message's fault, as the server may be checking something; a lost connection the host's. */
  #lostAfterMail(answer: Answer & { kind: 'lost' }): TransactionOutcome {
    const outcome = this.#all('deferred', answer.failing);
    return { ...outcome, isHostError: !answer.isTimeout, isConnectionUsable: false };
  }

  /** A time-out is this recipient's fault; the others are deferred without it. */
  #lostAfterRcpt(answer: Answer & { kind: 'lost' }, address: Address): TransactionOutcome {
    if (!answer.isTimeout) return this.#hostLost(answer);
    this.#defer(address, answer.failing);
    const { error: _error, ...shared } = answer.failing;
    const heard = this.#addresses.indexOf(address);
    for (const [index, other] of this.#addresses.entries())
      if (!this.#results.has(other)) this.#defer(other, { ...shared, error: noError }, { isOfHost: index < heard });
    return this.#finish(undefined, false, false);
  }

  #hostLost(answer: Answer & { kind: 'lost' }): TransactionOutcome {
    const outcome = this.#all('deferred', answer.failing);
    return { ...outcome, isHostError: true, isConnectionUsable: false };
  }

  #finish(failing: Failing | undefined, isHostError: boolean, isConnectionUsable: boolean): TransactionOutcome {
    const excess = this.#hasSent && isConnectionUsable ? [...this.#excess] : [];
    for (const address of excess) this.#results.delete(address);
    return { results: [...this.#results.values()], failing, isHostError, isConnectionUsable, excess, isReset: !this.#hasSent };
  }
}

function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

/** Codes from 600 on are nonsense, and tried again. */
function isPermanent(reply: Reply): boolean {
  return reply.code >= 500 && reply.code < 600;
}

/** 0 for replies that are no 4xx. */
function number4xx(number: number, reply: Reply): number {
  return reply.code >= 400 && reply.code < 500 ? number : 0;
}

/** For retry rules: `rcpt_45x` and the like compare the last two digits. */
function error4xx(command: 'mail' | 'data', reply: Reply): RetryError {
  return reply.code >= 400 && reply.code < 500 ? { name: `${command}_4xx`, detail: '', more: reply.code % 100 } : noError;
}
