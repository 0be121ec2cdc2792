/**
 * One transaction: MAIL, RCPT for each address, DATA or BDAT and the message, over a client that is ready. Commands go out together when the
 * server offers PIPELINING. Spec ch. 49 "Errors in outgoing SMTP"; RFC 5321 s3.3, RFC 2920, RFC 3030, RFC 2033.
 */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { DeliveryBatch, DeliveryResult, RetryError } from '../../core/drivers.ts';
import type { WriteResult } from '../../core/ports.ts';
import type { Reply } from '../../smtp/reply.ts';
import type { Failing } from '../errno.ts';
import { deferredResult, eximErrno } from '../errno.ts';
import { messageText } from '../message-text.ts';
import { transportSettings } from '../settings.ts';
import type { Chunk } from './chunks.ts';
import { messageChunks } from './chunks.ts';
import type { Answer } from './client.ts';
import { noError } from './client.ts';
import { Envelope } from './envelope.ts';
import type { ReadyClient } from './handshake.ts';
import type { SmtpOptions } from './options.ts';
import type { Content, MessageSigner } from './signing.ts';

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
  /** A recipient was delivered, or refused for good by itself: the host is worth another message. */
  readonly isProgress?: boolean;
}

/** Sends the message of the batch to `addresses`. `isLast`: nothing follows on the connection, so that QUIT may go out with the end of the message. */
export async function sendTransaction(
  ready: ReadyClient,
  set: SmtpOptions,
  batch: DeliveryBatch,
  addresses: readonly Address[],
  isLast: boolean,
  signer: MessageSigner,
): Promise<TransactionOutcome> {
  return new SmtpTransaction(ready, set, batch, addresses, isLast, signer).run();
}

/** Sends the message of the batch, unsigned, to addresses that the server has taken already. */
export async function sendToTaken(
  ready: ReadyClient,
  set: SmtpOptions,
  batch: DeliveryBatch,
  addresses: readonly Address[],
): Promise<TransactionOutcome> {
  return new SmtpTransaction(ready, set, batch, addresses, false).taken().runData();
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
  signer: MessageSigner,
): Promise<TransactionOutcome | undefined> {
  return new SmtpTransaction(ready, set, batch, addresses, true, signer).taken().runDataIfTaken();
}

/** Too many recipients. Of commands that went out together the rest may fit into another transaction; one by one the client has seen it, and waits. */
const TOO_MANY = 452;

class SmtpTransaction {
  readonly #ready: ReadyClient;
  readonly #set: SmtpOptions;
  readonly #batch: DeliveryBatch;
  readonly #addresses: readonly Address[];
  readonly #envelope: Envelope;
  readonly #results = new Map<Address, DeliveryResult>();
  readonly #accepted: Address[] = [];
  /** Refused with 452. */
  readonly #excess = new Set<Address>();
  readonly #startedMs: number;
  readonly #isLast: boolean;
  /** The server has answered to a whole message. */
  #hasSent = false;
  /** MAIL, DATA or the message itself got a bad reply. */
  #isMessageRefused = false;
  /** Octets of the message, as sent. */
  #writtenBytes = 0;
  #usesChunks = false;
  /** The server answers for each recipient. */
  #isPrdr = false;
  readonly #signer: MessageSigner | undefined;
  /** DKIM-Signature: lines. */
  #signatures: readonly Octets[] = [];
  #dkimSigners: Octets | undefined;

  constructor(
    ready: ReadyClient,
    set: SmtpOptions,
    batch: DeliveryBatch,
    addresses: readonly Address[],
    isLast: boolean,
    signer?: MessageSigner,
  ) {
    this.#isLast = isLast;
    this.#signer = signer;
    this.#ready = ready;
    this.#set = set;
    this.#batch = batch;
    this.#addresses = addresses;
    this.#envelope = new Envelope(ready, set, batch, addresses);
    this.#startedMs = batch.services.clock.monotonicMs();
  }

  async run(): Promise<TransactionOutcome> {
    const { client, extensions } = this.#ready;
    const { keywords } = extensions;
    const isPipelining = keywords.has('PIPELINING') && !(await this.#envelope.isIn(this.#set.hosts_avoid_pipelining));
    client.isPipelining = isPipelining;
    const limit = extensions.sizeLimit ?? 0;
    if (limit > 0 && this.#batch.message.size > limit)
      return this.#all('failed', { message: `message is too big for remote host (SIZE ${limit})`, error: noError });
    const commands = await this.#envelope.commands();
    if (commands.kind === 'unfit') return this.#all(commands.fate, commands.failing);
    const { mail, rcpts } = commands;
    const unsigned = await this.#sign();
    if (unsigned !== undefined) return unsigned;
    this.#usesChunks = keywords.has('CHUNKING') && (await this.#envelope.isIn(this.#set.hosts_try_chunking));
    if (isPipelining) return this.#usesChunks ? this.#sendChunks([mail, ...rcpts]) : this.#pipelined(mail, rcpts);
    return (await this.#oneByOne(mail, rcpts)) ?? (this.#usesChunks ? this.#sendChunks([]) : this.runData());
  }

  /** MAIL and RCPT have been said and taken. */
  async runData(): Promise<TransactionOutcome> {
    const data = await this.#ready.client.command('DATA', this.#set.command_timeout);
    return data.kind === 'lost' ? this.#hostLost(data) : this.#afterData(data.reply);
  }

  async runDataIfTaken(): Promise<TransactionOutcome | undefined> {
    const unsigned = await this.#sign();
    if (unsigned !== undefined) return { ...unsigned, isConnectionUsable: false };
    const data = await this.#ready.client.command('DATA', this.#set.command_timeout);
    return data.kind === 'lost' || !isIntermediate(data.reply) ? undefined : this.#afterData(data.reply);
  }

  /** By another transaction on this connection. */
  taken(): this {
    this.#accepted.push(...this.#addresses);
    return this;
  }

  // ---------------------------------------------------------------- dialogues

  async #pipelined(mail: Octets, rcpts: readonly Octets[]): Promise<TransactionOutcome> {
    const { client } = this.#ready;
    const timeout = this.#set.command_timeout;
    await client.send([mail, ...rcpts, 'DATA'], timeout);
    const from = await client.readReply(mail, timeout);
    if (from.kind === 'lost') return this.#lostAfterMail(from);
    const mailFailing = this.#mailRefusal(from.reply, client.after(mail));
    for (const address of this.#addresses) {
      const answer = await client.readReply(`RCPT TO:<${this.#envelope.recipient(address)}>`, timeout);
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
    const isEnded = !isIntermediate(data.reply) || (await this.#endEmptyMessage());
    return mailFailing === undefined ? this.#finish(undefined, false, isEnded) : this.#mailFailed(mailFailing, from.reply, isEnded);
  }

  /** Undefined: the message may follow. */
  async #oneByOne(mail: Octets, rcpts: readonly Octets[]): Promise<TransactionOutcome | undefined> {
    const { client } = this.#ready;
    const timeout = this.#set.command_timeout;
    const from = await client.command(mail, timeout);
    if (from.kind === 'lost') return this.#lostAfterMail(from);
    const mailFailing = this.#mailRefusal(from.reply, mail);
    if (mailFailing !== undefined) return this.#mailFailed(mailFailing, from.reply, true);
    for (const [index, address] of this.#addresses.entries()) {
      await client.send([rcpts[index] ?? ''], timeout);
      const answer = await client.readReply(`RCPT TO:<${this.#envelope.recipient(address)}>`, timeout);
      if (answer.kind === 'lost') return this.#lostAfterRcpt(answer, address);
      this.#takeRcpt(address, answer.reply);
    }
    return this.#accepted.length === 0 ? this.#finish(undefined, false, true) : undefined;
  }

  #mailRefusal(reply: Reply, after: Octets): Failing | undefined {
    if (isPositive(reply)) return undefined;
    return {
      number: number4xx(eximErrno.mail4xx, reply),
      error: error4xx('mail', reply),
      message: this.#ready.client.refusal(reply, after),
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
    const message = client.refusal(reply, `RCPT TO:<${this.#envelope.recipient(address)}>`);
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

  // ---------------------------------------------------------------- DATA

  async #afterData(reply: Reply): Promise<TransactionOutcome> {
    if (!isIntermediate(reply)) return this.#dataRefused(reply, this.#ready.client.after('DATA'));
    const lost = await this.#sendMessage();
    if (lost !== undefined) return lost;
    this.#hasSent = true;
    return this.#finalReplies('DATA', 'end of data');
  }

  /** Undefined: all is sent. */
  async #sendMessage(): Promise<TransactionOutcome | undefined> {
    const { client } = this.#ready;
    const quits = this.#excess.size === 0 && this.#quitsWithMessage();
    if (quits) client.hasQuit = true;
    const format = {
      ...this.#content(),
      useCrlf: true,
      check: { from: '.', to: '..' },
      endsLine: true,
      suffix: quits ? '.\r\nQUIT\r\n' : '.\r\n',
    };
    for await (const part of messageText(format, this.#batch.until)) {
      const result = await this.#write(part);
      if (result.kind === 'ok') continue;
      if (result.kind === 'timeout') return this.#writeTimedOut('sending data block');
      const early = await client.readReply('sending data block', 1);
      if (early.kind === 'lost') return this.#hostLost(early);
      return { ...this.#dataRefused(early.reply, 'sending data block'), isConnectionUsable: false };
    }
    return undefined;
  }

  /** QUIT can go out with the end of the message: nothing follows, and nobody waits for one reply after another. */
  #quitsWithMessage(): boolean {
    return this.#isLast && this.#ready.client.isPipelining && this.#ready.client.protocol === 'SMTP';
  }

  /** Undefined: the message can be sent, signed or not. */
  async #sign(): Promise<TransactionOutcome | undefined> {
    const { client, frame } = this.#ready;
    const signing = await this.#signer?.sign(this.#batch, frame, client.host, this.#content());
    if (signing?.kind === 'failing') return this.#all('deferred', signing.failing);
    this.#signatures = signing?.lines ?? [];
    this.#dkimSigners = signing?.signers;
    return undefined;
  }

  #content(): Content {
    const generic = transportSettings(this.#batch.instance);
    return {
      headers: generic.body_only ? undefined : [...this.#signatures, ...this.#batch.headers],
      body: generic.headers_only ? undefined : this.#batch.message.body,
    };
  }

  async #write(part: Buffer): Promise<WriteResult> {
    const { client } = this.#ready;
    const result = await client.connection.write(part, client.deadline(this.#set.data_timeout));
    if (result.kind === 'ok') this.#writtenBytes += part.length;
    return result;
  }

  // ---------------------------------------------------------------- BDAT

  /** One after another, each when the one before has been taken; `commands` go out with the first. */
  async #sendChunks(commands: readonly Octets[]): Promise<TransactionOutcome> {
    const { headers, body } = this.#content();
    let waiting = commands;
    for await (const chunk of messageChunks(headers, body, this.#batch.until)) {
      const isPipelined = waiting.length > 0;
      const command = `BDAT ${chunk.size}${chunk.isLast ? ' LAST' : ''}`;
      const after = `${isPipelined ? 'pipelined ' : ''}${chunk.isLast ? 'end of data' : 'sending data block'}`;
      const timedOut = await this.#sendChunk([...waiting, command], chunk);
      if (timedOut !== undefined) return timedOut;
      waiting = [];
      const over = isPipelined ? await this.#envelopeReplies(after, chunk.isLast) : undefined;
      if (over !== undefined) return over;
      if (chunk.isLast) {
        this.#hasSent = true;
        return this.#finalReplies(command, after);
      }
      const answer = await this.#readReply(after, this.#set.data_timeout);
      if (answer.kind === 'lost') return this.#hostLost(answer);
      if (!isPositive(answer.reply)) return this.#dataRefused(answer.reply, after);
    }
    throw new Error('a message has a last chunk');
  }

  /** What cannot be written because the other side is gone shows when its replies are read. */
  async #sendChunk(commands: readonly Octets[], { content, isLast }: Chunk): Promise<TransactionOutcome | undefined> {
    const { client } = this.#ready;
    const quits = isLast && this.#excess.size === 0 && this.#quitsWithMessage();
    if (quits) client.hasQuit = true;
    let isOpen = (await client.send(commands, this.#set.command_timeout)).kind === 'ok';
    for await (const part of Buffer.isBuffer(content) ? [content] : content) {
      if (!isOpen) break;
      const result = await this.#write(part);
      if (result.kind === 'timeout') return this.#writeTimedOut('sending data block');
      isOpen = result.kind === 'ok';
    }
    if (quits && isOpen) await client.send(['QUIT'], this.#set.command_timeout);
    return undefined;
  }

  /** Of the commands that went out with the first chunk. Undefined: the reply to the chunk counts. */
  async #envelopeReplies(after: Octets, isWholeSent: boolean): Promise<TransactionOutcome | undefined> {
    const timeout = this.#set.command_timeout;
    const lost = (answer: Answer & { kind: 'lost' }) => ({ ...this.#hostLost(answer), isHostError: !isWholeSent });
    const from = await this.#readReply(after, timeout);
    if (from.kind === 'lost') return lost(from);
    const mailFailing = this.#mailRefusal(from.reply, after);
    for (const address of this.#addresses) {
      const answer = await this.#readReply(after, timeout);
      if (answer.kind === 'lost') return mailFailing === undefined ? lost(answer) : this.#mailFailed(mailFailing, from.reply, false);
      if (mailFailing === undefined) this.#takeRcpt(address, answer.reply);
    }
    if (this.#accepted.length > 0) return undefined;
    const ofChunk = await this.#readReply(after, timeout);
    const isUsable = ofChunk.kind === 'reply';
    return mailFailing === undefined ? this.#finish(undefined, false, isUsable) : this.#mailFailed(mailFailing, from.reply, isUsable);
  }

  #readReply(after: Octets, timeoutSeconds: number): Promise<Answer> {
    return this.#ready.client.readReply(after, timeoutSeconds, this.#writtenBytes);
  }

  // ---------------------------------------------------------------- replies to the message

  #finalReplies(command: Octets, after: Octets): Promise<TransactionOutcome> {
    return this.#ready.client.protocol === 'LMTP' ? this.#lmtpReplies(command, after) : this.#finalReply(command, after);
  }

  async #finalReply(command: Octets, after: Octets): Promise<TransactionOutcome> {
    const answer = await this.#readReply(after, this.#set.final_timeout);
    if (answer.kind === 'lost') return this.#finallyLost(answer);
    if (this.#envelope.asksForPrdr && isIntermediate(answer.reply)) return this.#prdrReplies(command);
    if (isPositive(answer.reply)) {
      for (const address of this.#accepted) this.#deliver(address, answer.reply.raw);
      return this.#finish(undefined, false, true);
    }
    return this.#dataRefused(answer.reply, after);
  }

  /** One reply for each recipient that was accepted, then one for the message: without that nothing is delivered. */
  async #prdrReplies(command: Octets): Promise<TransactionOutcome> {
    const taken = new Map<Address, Reply>();
    this.#isPrdr = true;
    for (const address of this.#accepted) {
      const answer = await this.#readReply('end of data', this.#set.final_timeout);
      if (answer.kind === 'lost') return this.#finallyLost(answer);
      if (isPositive(answer.reply)) taken.set(address, answer.reply);
      else this.#refuseOne(address, answer.reply, `PRDR error after ${command}: ${answer.reply.raw}`);
    }
    const overall = await this.#readReply('end of data', this.#set.final_timeout);
    if (overall.kind === 'lost') return this.#finallyLost(overall);
    if (isPositive(overall.reply)) {
      for (const [address, { raw }] of taken) this.#deliver(address, `${raw}\n${overall.reply.raw}`);
      return this.#finish(undefined, false, true);
    }
    this.#overrule(isPermanent(overall.reply));
    return this.#dataRefused(overall.reply, 'end of data');
  }

  /** The reply to the whole message is the last word: what the server would take later it does not want, or it is the message that waits. */
  #overrule(isRefused: boolean): void {
    for (const address of this.#accepted) {
      const result = this.#results.get(address);
      if (result?.kind !== 'deferred') continue;
      if (isRefused) this.#results.delete(address);
      else this.#results.set(address, { ...result, isOfRecipient: false });
    }
  }

  /** One reply for each recipient that was accepted. RFC 2033 s4.2. */
  async #lmtpReplies(command: Octets, after: Octets): Promise<TransactionOutcome> {
    for (const address of this.#accepted) {
      const answer = await this.#readReply(after, this.#set.final_timeout);
      if (answer.kind === 'lost') return this.#finallyLost(answer);
      const { reply } = answer;
      if (isPositive(reply)) this.#deliver(address, reply.raw);
      else this.#refuseOne(address, reply, `LMTP error after ${command}: ${reply.raw}`);
    }
    return this.#finish(undefined, false, true);
  }

  #refuseOne(address: Address, reply: Reply, message: Octets): void {
    if (isPermanent(reply)) this.#results.set(address, { ...this.#common(address), kind: 'failed', message });
    else this.#defer(address, { number: 0, error: error4xx('data', reply), message }, { isOfRecipient: true });
  }

  #dataRefused(reply: Reply, after: Octets): TransactionOutcome {
    return this.#all(isPermanent(reply) ? 'failed' : 'deferred', {
      number: number4xx(eximErrno.data4xx, reply),
      error: error4xx('data', reply),
      message: this.#ready.client.refusal(reply, after),
    });
  }

  /** All is sent; what became of it is not known. */
  #finallyLost(answer: Answer & { kind: 'lost' }): TransactionOutcome {
    for (const address of this.#accepted) if (!this.#results.has(address)) this.#defer(address, answer.failing);
    return this.#finish(answer.failing, false, false);
  }

  #writeTimedOut(after: Octets): TransactionOutcome {
    return this.#hostLost({ kind: 'lost', isTimeout: true, failing: this.#ready.client.timedOut(after, this.#writtenBytes) });
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
    const { senderSentAs, passesDsn } = this.#envelope;
    const sentAs = this.#envelope.sentAs(address);
    return {
      address,
      ...(sentAs === undefined ? {} : { sentAs }),
      ...(senderSentAs === undefined ? {} : { senderSentAs }),
      host: client.host,
      tls,
      authenticator,
      usedPipelining: client.isPipelining,
      dsnAware: passesDsn,
      sendingAddress: client.connection.localAddress,
      sendingPort: client.connection.localPort,
      durationMs: this.#batch.services.clock.monotonicMs() - this.#startedMs,
    };
  }

  #deliver(address: Address, confirmation: Octets): void {
    this.#results.set(address, {
      ...this.#common(address),
      kind: 'delivered',
      confirmation,
      ...(this.#isPrdr ? { usedPrdr: true } : {}),
      ...(this.#usesChunks ? { usedChunking: true } : {}),
      ...(this.#dkimSigners === undefined ? {} : { dkimSigners: this.#dkimSigners }),
    });
  }

  /** `isOfHost` false: the host has not said anything about it. */
  #defer(address: Address, failing: Failing, { isOfRecipient = false, isOfHost = true } = {}): void {
    const { host, ...common } = this.#common(address);
    const shown = isOfHost ? { host } : {};
    this.#results.set(address, { ...common, ...shown, ...deferredResult(address, failing), ...(isOfRecipient ? { isOfRecipient } : {}) });
  }

  /** Every address that has no fate yet. */
  #all(kind: 'failed' | 'deferred', failing: Failing): TransactionOutcome {
    this.#isMessageRefused = true;
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
    this.#defer(address, answer.failing, { isOfRecipient: true });
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

  /** Where others were taken, too many recipients says nothing about one of them: it need not wait for a time of its own. */
  #makeExcessDue(): void {
    for (const address of this.#excess) {
      const result = this.#results.get(address);
      if (result?.kind === 'deferred') this.#results.set(address, { ...result, errorNumber: 0, isOfRecipient: false });
    }
  }

  #finish(failing: Failing | undefined, isHostError: boolean, isConnectionUsable: boolean): TransactionOutcome {
    const excess = this.#hasSent && isConnectionUsable && !this.#ready.client.hasQuit ? [...this.#excess] : [];
    for (const address of excess) this.#results.delete(address);
    if (this.#accepted.length > 0) this.#makeExcessDue();
    const results = [...this.#results.values()];
    const isProgress = !this.#isMessageRefused && results.some(({ kind }) => kind !== 'deferred');
    return { results, failing, isHostError, isConnectionUsable, excess, isReset: !this.#hasSent, isProgress };
  }
}

/** Go on. */
function isIntermediate(reply: Reply): boolean {
  return reply.code >= 300 && reply.code < 400;
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
