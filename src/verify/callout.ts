/**
 * Callouts: asking the address's own host whether it would take mail for it. Spec ch. 44 "Callout verification", "Additional parameters
 * for callouts". Results are not remembered yet: each callout is made.
 */
import type { Octets } from '../base/octets.ts';
import { earlier } from '../core/deadline.ts';
import type { Address, CalloutOptions, Frame, HostItem, Verification, VerifyRequest } from '../core/index.ts';
import type { ReadyClient } from '../transports/smtp/handshake.ts';
import { openClient } from '../transports/smtp/handshake.ts';
import type { SmtpOptions } from '../transports/smtp/options.ts';

type Refusal = Extract<Verification, { kind: 'fail' }>['failure'];

/** `next`: the host gave no answer that counts; another may. */
type HostAnswer = Verification | { readonly kind: 'next'; readonly why: Octets };

/** Addresses that are delivered here need no callout. */
export async function verifyByCallout(
  address: Address,
  request: VerifyRequest,
  options: CalloutOptions,
  frame: Frame,
): Promise<Verification> {
  const good: Verification = { kind: 'ok', addressData: address.state.addressData, address };
  const { hosts, transport } = address.state;
  if (hosts === undefined || hosts.length === 0) return good;
  if (transport === undefined) return options.deferOk ? good : incomplete(request, undefined);
  if (!transport.isRemote) return good;
  const until = earlier(frame.until, frame.services.clock.monotonicMs() + options.totalTimeoutMs);
  let why: Octets = 'no host could be called';
  for (const host of hosts) {
    const answer = await new Callout(address, request, options, { ...frame, address, until }).ask(host);
    if (answer.kind !== 'next') return answer;
    why = `${host.name} [${host.address ?? ''}] : ${answer.why}`;
    if (frame.services.clock.monotonicMs() >= until.endMs) break;
  }
  if (options.deferOk) return good;
  return incomplete(request, why);
}

/** Without a transport nobody can be called, and there is no more to say. */
function incomplete(request: VerifyRequest, why: Octets | undefined): Verification {
  const text = `Could not complete ${request.isSender ? 'sender' : 'recipient'} verify callout`;
  return { kind: 'defer', userMessage: undefined, logMessage: why === undefined ? text : `${text}: ${why}`, isCallout: true };
}

/** One conversation with one host. */
class Callout {
  readonly #address: Address;
  readonly #request: VerifyRequest;
  readonly #options: CalloutOptions;
  readonly #frame: Frame;

  constructor(address: Address, request: VerifyRequest, options: CalloutOptions, frame: Frame) {
    this.#address = address;
    this.#request = request;
    this.#options = options;
    this.#frame = frame;
  }

  async ask(found: HostItem): Promise<HostAnswer> {
    const { transport } = this.#address.state;
    if (transport === undefined) return { kind: 'next', why: 'no transport' };
    const set = transport.own as unknown as SmtpOptions; // the only remote transport's options
    const host: HostItem = { ...found, port: found.port ?? defaultPort(set) };
    this.#address.state.host = host;
    const opened = await openClient({
      set,
      transport: transport.name,
      host,
      interface: undefined,
      services: this.#frame.services,
      until: this.#frame.until,
      frame: this.#frame,
      delivery: { results: this.#frame.results, startedAtMs: this.#frame.services.clock.now() },
      isVerifying: true,
      connectTimeoutSeconds: this.#options.connectTimeoutMs / 1000,
      commandTimeoutSeconds: this.#options.commandTimeoutMs / 1000,
    });
    if (opened.kind === 'failing') {
      const { message, reason } = opened.failing;
      if (!opened.isPermanent) return { kind: 'next', why: message === '' ? (reason ?? '') : message };
      return this.#failed('mail', message, host, 'initial connection', message);
    }
    const answer = await this.#converse(opened.ready, host);
    await opened.ready.client.quit();
    return answer;
  }

  async #converse(ready: ReadyClient, host: HostItem): Promise<HostAnswer> {
    const mail = await this.#command(ready, `MAIL FROM:<${this.#sender()}>`, host, 'mail');
    if (mail !== undefined) return mail;
    if (this.#options.isRandom) {
      const random = await this.#isRandomAccepted(ready);
      if (random) return this.#good();
    }
    const rcpt = await this.#command(ready, `RCPT TO:<${this.#address.address}>`, host, 'recipient');
    if (rcpt !== undefined) return rcpt;
    if (!this.#options.isPostmaster && !this.#options.isFullPostmaster) return this.#good();
    return this.#askPostmaster(ready, host);
  }

  #sender(): Octets {
    if (this.#request.isSender) return this.#options.mailFrom;
    if (this.#options.useSender) return this.#frame.transaction?.state.sender ?? this.#frame.message?.sender ?? '';
    return this.#options.usePostmaster ? `postmaster@${this.#frame.config.main.qualify_domain ?? ''}` : '';
  }

  /** A domain that takes any local part takes this one. */
  async #isRandomAccepted(ready: ReadyClient): Promise<boolean> {
    const option = this.#frame.config.main.callout_random_local_part;
    const expanded = await option?.evaluate(this.#frame);
    const localPart =
      expanded?.kind === 'ok' && expanded.value.octets !== ''
        ? expanded.value.octets
        : `${this.#frame.config.main.primary_hostname ?? 'host'}-${Math.floor(this.#frame.services.clock.now() / 1000)}-testing`;
    const answer = await ready.client.command(`RCPT TO:<${localPart}@${this.#address.domain}>`, this.#options.commandTimeoutMs / 1000);
    return answer.kind === 'reply' && answer.reply.code >= 200 && answer.reply.code < 300;
  }

  /** In a transaction of its own. A domain without a postmaster fails. */
  async #askPostmaster(ready: ReadyClient, host: HostItem): Promise<HostAnswer> {
    await ready.client.command('RSET', this.#options.commandTimeoutMs / 1000);
    const mail = await this.#command(ready, `MAIL FROM:<${this.#options.postmasterSender ?? ''}>`, host, 'postmaster');
    if (mail !== undefined) return mail;
    const rcpt = await this.#command(ready, `RCPT TO:<postmaster@${this.#address.domain}>`, host, 'postmaster');
    if (rcpt === undefined) return this.#good();
    if (rcpt.kind !== 'fail' || !this.#options.isFullPostmaster) return rcpt;
    return (await this.#command(ready, 'RCPT TO:<postmaster>', host, 'postmaster')) ?? this.#good();
  }

  /** Undefined: the host agrees. */
  async #command(ready: ReadyClient, command: Octets, host: HostItem, failure: Refusal): Promise<HostAnswer | undefined> {
    const answer = await ready.client.command(command, this.#options.commandTimeoutMs / 1000);
    if (answer.kind === 'lost')
      return { kind: 'next', why: answer.failing.message === '' ? (answer.failing.reason ?? '') : answer.failing.message };
    const { code, raw } = answer.reply;
    if (code >= 200 && code < 300) return undefined;
    if (code < 500 || code > 599) return { kind: 'next', why: ready.client.refusal(answer.reply, command) };
    return this.#failed(failure, raw, host, command, ready.client.refusal(answer.reply, command));
  }

  #good(): Verification {
    return { kind: 'ok', addressData: this.#address.state.addressData, address: this.#address };
  }

  #failed(failure: Refusal, reply: Octets, host: HostItem, command: Octets, why: Octets): Verification {
    const userMessage = this.#request.isSender
      ? `Called:   ${host.address ?? ''}\nSent:     ${command}\nResponse: ${reply}`
      : `Callout verification failed:\n${reply}`;
    return { kind: 'fail', failure, userMessage, logMessage: `${host.name} [${host.address ?? ''}] : ${why}` };
  }
}

function defaultPort(set: SmtpOptions): number {
  const constant = set.port?.constant;
  if (constant !== undefined && /^[0-9]+$/.test(constant)) return Number.parseInt(constant, 10);
  return set.protocol === 'lmtp' ? 24 : set.protocol === 'smtps' ? 465 : 25;
}
