/**
 * MAIL and RCPT of one transaction, with the parameters that the server's extensions allow: SIZE, PRDR, SMTPUTF8, DSN, AUTH. Spec ch. 30; RFC 1870, RFC
 * 3461, RFC 4954, RFC 6531.
 */
import { type Octets, trimSpace } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { ListSource } from '../../core/config.ts';
import type { DeliveryBatch } from '../../core/drivers.ts';
import type { Recipient } from '../../core/message.ts';
import type { Failing } from '../errno.ts';
import { eximErrno } from '../errno.ts';
import { recipientAddress } from '../headers.ts';
import { expandOption, messageOf, transportSettings } from '../settings.ts';
import { authParameter } from './authenticate.ts';
import { noError } from './client.ts';
import { addressToAlabel, envelopeForm } from './downconvert.ts';
import type { ReadyClient } from './handshake.ts';
import type { SmtpOptions } from './options.ts';

/** The transaction cannot begin. */
export interface UnfitEnvelope {
  readonly kind: 'unfit';
  readonly fate: 'failed' | 'deferred';
  readonly failing: Failing;
}

export class Envelope {
  readonly #ready: ReadyClient;
  readonly #set: SmtpOptions;
  readonly #batch: DeliveryBatch;
  readonly #addresses: readonly Address[];
  /** MAIL says SMTPUTF8. */
  #isUtf8 = false;
  /** Addresses that are sent in another form. */
  readonly #alabels = new Map<Octets, Octets>();
  /** Reports are the server's business. */
  passesDsn = false;
  /** The server may answer for each recipient. */
  asksForPrdr = false;

  constructor(ready: ReadyClient, set: SmtpOptions, batch: DeliveryBatch, addresses: readonly Address[]) {
    this.#ready = ready;
    this.#set = set;
    this.#batch = batch;
    this.#addresses = addresses;
  }

  /** The commands, RCPT in the order of the addresses. */
  async commands(): Promise<{ readonly kind: 'ok'; readonly mail: Octets; readonly rcpts: readonly Octets[] } | UnfitEnvelope> {
    const unfit = await this.#chooseForm();
    if (unfit !== undefined) return unfit;
    const { keywords } = this.#ready.extensions;
    this.passesDsn = keywords.has('DSN') && !this.#addresses.some((address) => address.state.router?.generic['dsn_lasthop'] === true);
    this.asksForPrdr =
      keywords.has('PRDR') &&
      this.#ready.client.protocol === 'SMTP' &&
      this.#addresses.length > 1 &&
      (await this.isIn(this.#set.hosts_try_prdr));
    const auth = await this.#authParameter();
    if (auth.kind === 'unfit') return auth;
    return { kind: 'ok', mail: this.#mail() + auth.text, rcpts: this.#addresses.map((address) => this.#rcpt(address)) };
  }

  /** As RCPT says it. */
  recipient(address: Address): Octets {
    return this.sentAs(address) ?? this.#written(address);
  }

  /** Undefined: as it is written. */
  sentAs(address: Address): Octets | undefined {
    return this.#alabels.get(this.#written(address));
  }

  get senderSentAs(): Octets | undefined {
    return this.#alabels.get(this.#batch.returnPath);
  }

  async isIn(list: ListSource | undefined): Promise<boolean> {
    if (list === undefined) return false;
    const { client, frame } = this.#ready;
    const { address, name } = client.host;
    const match = await this.#batch.services.lists.matchHost(list, { address, name, isSender: false }, frame);
    return match.kind === 'ok' && match.value.matched;
  }

  /** How addresses in UTF-8 are sent. */
  async #chooseForm(): Promise<UnfitEnvelope | undefined> {
    const setting = await expandOption(this.#set.utf8_downconvert, this.#ready.frame);
    if (setting.kind !== 'ok')
      return unfit('deferred', {
        number: eximErrno.unknown,
        message: `failed to expand "utf8_downconvert" option for ${this.#batch.instance.name} transport: ${messageOf(setting)}`,
      });
    const form = envelopeForm(this.#batch.message, trimSpace(setting.value?.octets ?? ''), this.#ready.extensions.keywords.has('SMTPUTF8'));
    if (form === undefined) return unfit('failed', { message: 'utf8 support required but not offered for forwarding', error: noError });
    this.#isUtf8 = form.isUtf8;
    if (!form.isConverted) return undefined;
    for (const text of [this.#batch.returnPath, ...this.#addresses.map((address) => this.#written(address))]) {
      const converted = addressToAlabel(text);
      if (converted.kind !== 'ok') return unfit('failed', { message: messageOf(converted), error: noError });
      if (converted.address !== text) this.#alabels.set(text, converted.address);
    }
    return undefined;
  }

  #mail(): Octets {
    const { keywords } = this.#ready.extensions;
    const { message, returnPath } = this.#batch;
    let line = `MAIL FROM:<${this.#alabels.get(returnPath) ?? returnPath}>`;
    if (keywords.has('SIZE') && this.#set.size_addition >= 0)
      line += ` SIZE=${message.size + lineCount(message) + this.#set.size_addition}`;
    if (this.asksForPrdr) line += ' PRDR';
    if (this.#isUtf8) line += ' SMTPUTF8';
    if (this.passesDsn) {
      if (message.dsn.ret !== undefined) line += ` RET=${message.dsn.ret}`;
      if (message.dsn.envid !== undefined) line += ` ENVID=${message.dsn.envid}`;
    }
    return line;
  }

  async #authParameter(): Promise<{ readonly kind: 'ok'; readonly text: Octets } | UnfitEnvelope> {
    const made = await authParameter(this.#set, this.#ready, this.#batch.message.origin.authenticatedSender);
    return made.kind === 'ok'
      ? { kind: 'ok', text: made.value }
      : unfit('deferred', { number: eximErrno.unknown, message: messageOf(made) });
  }

  #rcpt(address: Address): Octets {
    let line = `RCPT TO:<${this.recipient(address)}>`;
    const { keywords } = this.#ready.extensions;
    if (this.#set.lmtp_ignore_quota && keywords.has('IGNOREQUOTA')) line += ' IGNOREQUOTA';
    const recipient: Recipient | undefined = this.passesDsn ? this.#batch.message.recipients[address.recipientIndex] : undefined;
    if (recipient?.notify !== undefined && recipient.notify.length > 0) line += ` NOTIFY=${recipient.notify.join(',')}`;
    if (recipient?.orcpt !== undefined) line += ` ORCPT=${recipient.orcpt}`;
    return line;
  }

  #written(address: Address): Octets {
    return recipientAddress(address, transportSettings(this.#batch.instance).rcpt_include_affixes);
  }
}

/** Each line end is an octet more on the wire. */
function lineCount({ bodyLineCount, headers }: DeliveryBatch['message']): number {
  return headers.reduce((sum, { text, type }) => (type === '*' ? sum : sum + text.split('\n').length - 1), bodyLineCount);
}

function unfit(fate: 'failed' | 'deferred', failing: Failing): UnfitEnvelope {
  return { kind: 'unfit', fate, failing };
}
