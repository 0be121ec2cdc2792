/**
 * Cutthrough delivery: the connection of a recipient callout is kept, further recipients are asked on it, and the message goes out on it before
 * its sender gets the reply. Spec ch. 44 "Use of the control modifier".
 */
import type { Octets } from '../base/octets.ts';
import type {
  Address,
  Cutthrough,
  CutthroughResult,
  DeliveryBatch,
  DeliveryResult,
  Frame,
  Message,
  RetryPort,
  TransactionState,
  TransportInstance,
} from '../core/index.ts';
import { cutRefusedLine, deliveredLine } from '../logging/lines/delivery.ts';
import { hostAndIdent } from '../logging/lines/host.ts';
import { rejectedMessage } from '../logging/lines/rejection.ts';
import { prepareBatch } from '../transports/headers.ts';
import { expandOption, transportSettings } from '../transports/settings.ts';
import type { ReadyClient } from '../transports/smtp/handshake.ts';
import { HeldClient } from '../transports/smtp/held.ts';
import type { SmtpOptions } from '../transports/smtp/options.ts';
import { sendToTaken } from '../transports/smtp/transaction.ts';
import type { CalloutForm } from './callout-form.ts';

/** Retry times are not looked at and not kept: what fails here is delivered, and then retried, in the usual way. */
const NO_RETRY: RetryPort = { hostStatus: () => 'due', hostFailed: () => undefined, hostWorked: () => undefined };

export class HeldConnection extends HeldClient implements Cutthrough {
  readonly #set: SmtpOptions;
  /** That MAIL said. */
  readonly returnPath: Octets;
  readonly form: CalloutForm;

  constructor(
    ready: ReadyClient,
    transport: TransportInstance,
    set: SmtpOptions,
    { returnPath, form }: { readonly returnPath: Octets; readonly form: CalloutForm },
  ) {
    super(ready, transport);
    this.#set = set;
    this.returnPath = returnPath;
    this.form = form;
  }

  override carries(batch: DeliveryBatch, addresses: readonly Address[]): boolean {
    return !this.form.isConverted && super.carries(batch, addresses);
  }

  async send(message: Message, frame: Frame): Promise<CutthroughResult> {
    const [first] = this.addresses;
    if (first === undefined) return { kind: 'deferred', reply: '' };
    this.ready.client.renew(frame.until);
    const startedMs = frame.services.clock.monotonicMs();
    const prepared = await prepareBatch(this.#newBatch(first, message, frame));
    if (prepared.kind !== 'ok') {
      await this.close();
      return { kind: 'deferred', reply: '' };
    }
    const batch: DeliveryBatch = { ...prepared.value, returnPath: this.returnPath };
    const { results } = await sendToTaken(this.ready, this.#set, batch, this.addresses);
    await this.close();
    const durationMs = frame.services.clock.monotonicMs() - startedMs;
    const undelivered = results.find((result) => result.kind !== 'delivered');
    if (undelivered !== undefined || results.length < this.addresses.length) {
      const reply = replyIn(undelivered);
      const kind = reply !== '' && undelivered?.kind === 'failed' ? 'failed' : 'deferred';
      if (reply !== '')
        for (const result of [...results].reverse()) this.#logRefusal({ ...result, confirmation: reply }, kind, batch, durationMs);
      return { kind, reply };
    }
    for (const result of [...results].reverse()) this.#log(result, batch, durationMs);
    return { kind: 'delivered' };
  }

  #newBatch(first: Address, message: Message, frame: Frame) {
    const { services, until } = frame;
    return {
      message,
      addresses: this.addresses,
      instance: this.transport,
      frame: { ...frame, message, address: first, batch: this.addresses },
      services,
      until,
      isRehearsal: false,
      retry: NO_RETRY,
      settled: () => Promise.resolve(),
    };
  }

  #log(result: DeliveryResult, batch: DeliveryBatch, durationMs: number): void {
    const { message, services } = batch;
    services.log.main(deliveredLine('>>', result, this.#facts(batch, durationMs), services.log), message.id);
  }

  /** The sender is told of a refusal for good: the reject log has the message's header. */
  #logRefusal(result: DeliveryResult, kind: 'failed' | 'deferred', batch: DeliveryBatch, durationMs: number): void {
    const { message, services } = batch;
    const { log } = services;
    const refused = cutRefusedLine(result, this.#facts(batch, durationMs), kind === 'deferred', log);
    const line = `${hostAndIdent(message.origin, log, true)} ${refused}`;
    if (kind === 'deferred') return log.main(line, message.id);
    const recipients = message.recipients.map(({ address }) => address);
    log.mainAndReject(line, rejectedMessage(message.sender, recipients, message.headers), message.id);
  }

  #facts(batch: DeliveryBatch, durationMs: number) {
    const { message, services } = batch;
    return {
      sender: message.sender,
      returnPath: this.returnPath,
      queuedMs: services.clock.now() - message.receivedAtMs,
      durationMs,
      sizeBytes: batch.headers.reduce((sum, header) => sum + header.length, 1) + message.body.sizeBytes,
      transport: this.transport,
    };
  }
}

/** The host's own words at the end of the message; before that it may refuse what it likes: the message is delivered in the usual way. */
function replyIn(result: DeliveryResult | undefined): Octets {
  return / after end of data: ([45][0-9]{2}[ -][^]*)$/.exec(result?.message ?? '')?.[1] ?? '';
}

/** The transport's `return_path`, else the sender. */
export async function transportReturnPath(transport: TransportInstance, sender: Octets, frame: Frame): Promise<Octets> {
  const expanded = await expandOption(transportSettings(transport).return_path, { ...frame, returnPath: sender });
  const given = expanded.kind === 'ok' ? expanded.value?.octets : undefined;
  if (given === undefined || given === '') return sender;
  return given === '<>' ? '' : given;
}

/** All recipients are delivered in the usual way. */
export async function endCutthrough(state: TransactionState | undefined): Promise<void> {
  const cutthrough = state?.cutthrough;
  if (state !== undefined) state.cutthrough = 'off';
  if (typeof cutthrough === 'object') await cutthrough.close();
}
