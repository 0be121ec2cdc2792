/**
 * A connection on which a callout has given MAIL and RCPT, kept for the message: by cutthrough delivery, or (`callout=hold`) by the delivery that
 * follows at once. Spec ch. 44 "Additional parameters for callouts", "Use of the control modifier".
 */
import type { Octets } from '../../base/octets.ts';
import type { Address } from '../../core/address.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { DeliveryBatch, TransportInstance } from '../../core/drivers.ts';
import type { Frame } from '../../core/frame.ts';
import type { HeldLink, HostItem } from '../../core/ports.ts';
import { recipientAddress } from '../headers.ts';
import { transportSettings } from '../settings.ts';
import type { ReadyClient } from './handshake.ts';

export class HeldClient implements HeldLink {
  readonly ready: ReadyClient;
  protected readonly transport: TransportInstance;
  protected readonly addresses: Address[] = [];
  #isTaken = false;

  /** As with Exim, the delivery does not say that the certificate was verified. */
  constructor(ready: ReadyClient, transport: TransportInstance) {
    this.ready = ready.tls === undefined ? ready : { ...ready, tls: { ...ready.tls, certificateVerified: false } };
    this.transport = transport;
  }

  /** Whether it leads where an address of this transport and host goes. `source`: the interface that is asked for. */
  serves(transport: TransportInstance, found: HostItem | undefined, defaultPort: number, source?: Octets): boolean {
    const { host, connection } = this.ready.client;
    const isThere = found?.address === host.address && (found?.port ?? defaultPort) === host.port;
    return transport === this.transport && isThere && (source === undefined || source === connection.localAddress);
  }

  /** The host has taken it. */
  add(address: Address): void {
    this.addresses.push(address);
  }

  get takenCount(): number {
    return this.addresses.length;
  }

  hasTaken(address: Address): boolean {
    const written = this.#written(address);
    return this.addresses.some((other) => this.#written(other) === written);
  }

  /** An envelope recipient, or what it was redirected to. */
  has(recipient: Octets): boolean {
    return this.addresses.some((address) => {
      let top = address;
      while (top.parent !== undefined) top = top.parent;
      return top.address === recipient;
    });
  }

  /** Whether DATA can follow for the message: it goes to exactly the recipients that were given, and MAIL and RCPT would say no more now. */
  carries({ message }: DeliveryBatch, addresses: readonly Address[]): boolean {
    const { keywords, sizeLimit = 0 } = this.ready.extensions;
    const wanted = new Set(addresses.map((address) => this.#written(address)));
    const isSame = this.addresses.every((address) => wanted.has(this.#written(address))) && addresses.every((each) => this.hasTaken(each));
    const saysDsn = message.dsn.ret !== undefined || message.dsn.envid !== undefined || message.recipients.some(asksForReports);
    return isSame && !(keywords.has('DSN') && saysDsn) && (sizeLimit === 0 || message.size <= sizeLimit);
  }

  /** For the delivery, which closes it; undefined when it is not there any more. From now on the delivery's deadline holds. */
  take(until: Deadline, frame: Frame): ReadyClient | undefined {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    this.ready.client.renew(until);
    if (frame.delivery !== undefined) {
      frame.delivery.tlsOut = this.ready.tls;
      frame.delivery.sendingAddress = this.ready.client.connection.localAddress;
      frame.delivery.sendingPort = this.ready.client.connection.localPort;
    }
    const { tls } = this.ready;
    return { ...this.ready, tls: tls && { ...tls, peerDn: '' }, frame };
  }

  async close(): Promise<void> {
    if (this.#isTaken) return;
    this.#isTaken = true;
    await this.ready.client.quit();
  }

  #written(address: Address): Octets {
    return recipientAddress(address, transportSettings(this.transport).rcpt_include_affixes);
  }
}

function asksForReports({ notify, orcpt }: DeliveryBatch['message']['recipients'][number]): boolean {
  return orcpt !== undefined || (notify !== undefined && notify.length > 0);
}
