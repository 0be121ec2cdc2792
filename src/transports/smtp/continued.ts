/** A connection that has carried a message and goes on with another one. Spec ch. 49 "Outgoing SMTP and LMTP over TCP/IP", ch. 30 `connection_max_messages`. */
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type { TransportInstance } from '../../core/drivers.ts';
import type { Frame } from '../../core/frame.ts';
import type { HeldLink, HostItem } from '../../core/ports.ts';
import type { ReadyClient } from './handshake.ts';

export class ContinuedClient implements HeldLink {
  readonly #ready: ReadyClient;
  readonly #transport: TransportInstance;
  /** Transactions that it has carried. */
  readonly sentCount: number;
  #isTaken = false;

  constructor(ready: ReadyClient, transport: TransportInstance, sentCount: number) {
    this.#ready = ready;
    this.#transport = transport;
    this.sentCount = sentCount;
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Whether it leads to a host of this transport. */
  serves(transport: TransportInstance, found: HostItem, defaultPort: number, source: Octets | undefined): boolean {
    const { host, connection } = this.#ready.client;
    const isThere = found.name === host.name && found.address === host.address && (found.port ?? defaultPort) === host.port;
    return transport === this.#transport && isThere && (source === undefined || source === connection.localAddress);
  }

  /** For the delivery, which closes it; its deadline and frame hold from now on. */
  take(until: Deadline, frame: Frame): ReadyClient {
    this.#isTaken = true;
    const { client, tls } = this.#ready;
    client.renew(until);
    if (frame.delivery !== undefined) {
      frame.delivery.tlsOut = tls;
      frame.delivery.sendingAddress = client.connection.localAddress;
      frame.delivery.sendingPort = client.connection.localPort;
    }
    return { ...this.#ready, frame };
  }

  async close(): Promise<void> {
    if (this.#isTaken) return;
    this.#isTaken = true;
    await this.#ready.client.quit();
  }
}
