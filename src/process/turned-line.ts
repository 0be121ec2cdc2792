/**
 * A session's connection on which we are the client now (ATRN): whoever connects to the customer's host gets it, one after another. RFC 2645 s5.3.
 * The peer sees one client that sends all messages and says QUIT once.
 */
import { type Octets, octetsFromBytes } from '../base/octets.ts';
import type {
  ConnectFailure,
  Connection,
  ConnectRequest,
  DatagramRequest,
  DatagramResult,
  Deadline,
  Net,
  ReadResult,
  SystemResult,
  TlsClientRequest,
  TlsFacts,
  TlsFailure,
  TlsServerRequest,
  TlsStarted,
} from '../core/index.ts';

const QUIT = 'QUIT\r\n';
/** For who comes second: the peer's own greeting is gone. */
const GREETING = '220 ODMR customer\r\n';

export class TurnedLine implements Net {
  readonly #net: Net;
  readonly #connection: Connection;
  readonly #host: Octets;
  #isGreeted = false;
  /** Resolves when nobody uses the line. */
  #free: Promise<void> = Promise.resolve();

  /** `net` is for all other hosts. */
  constructor(net: Net, connection: Connection, host: Octets) {
    this.#net = net;
    this.#connection = connection;
    this.#host = host;
  }

  async connect(
    request: ConnectRequest,
    until: Deadline,
  ): Promise<{ readonly kind: 'ok'; readonly connection: Connection } | ConnectFailure> {
    if (request.address !== this.#host) return this.#net.connect(request, until);
    const before = this.#free;
    let release = () => {};
    this.#free = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    const greeting = this.#isGreeted ? GREETING : '';
    this.#isGreeted = true;
    return { kind: 'ok', connection: new LineUse(this.#connection, greeting, release) };
  }

  exchange(request: DatagramRequest, until: Deadline): Promise<DatagramResult> {
    return this.#net.exchange(request, until);
  }

  sendDatagram: Net['sendDatagram'] = (...args) => this.#net.sendDatagram(...args);

  /** Says goodbye, once nobody uses the line. */
  async finish(until: Deadline): Promise<void> {
    await this.#free;
    const written = await this.#connection.write(QUIT, until);
    if (written.kind === 'ok') await this.#connection.read(until);
    this.#connection.end();
  }
}

/** One client's time on the line. */
class LineUse implements Connection {
  readonly #connection: Connection;
  readonly #release: () => void;
  #greeting: Octets;

  constructor(connection: Connection, greeting: Octets, release: () => void) {
    this.#connection = connection;
    this.#greeting = greeting;
    this.#release = release;
  }

  get remoteAddress(): Octets {
    return this.#connection.remoteAddress;
  }

  get remotePort(): number {
    return this.#connection.remotePort;
  }

  get localAddress(): Octets {
    return this.#connection.localAddress;
  }

  get localPort(): number {
    return this.#connection.localPort;
  }

  get tls(): TlsFacts | undefined {
    return this.#connection.tls;
  }

  get bufferedBytes(): number {
    return this.#greeting.length + this.#connection.bufferedBytes;
  }

  read(until: Deadline): Promise<ReadResult> {
    if (this.#greeting === '') return this.#connection.read(until);
    const bytes = Buffer.from(this.#greeting, 'latin1');
    this.#greeting = '';
    return Promise.resolve({ kind: 'data', bytes });
  }

  discardBuffered(): void {
    this.#greeting = '';
    this.#connection.discardBuffered();
  }

  unread(bytes: Buffer): void {
    this.#connection.unread(bytes);
  }

  /** QUIT is for the whole line: it is said at its end. */
  write(bytes: Uint8Array | Octets, until: Deadline): Promise<SystemResult<void> | { readonly kind: 'timeout' }> {
    const text = typeof bytes === 'string' ? bytes : bytes.length === QUIT.length ? octetsFromBytes(bytes) : '';
    if (text === QUIT) return Promise.resolve({ kind: 'ok', value: undefined });
    return this.#connection.write(bytes, until);
  }

  serverTlsProblem(request: TlsServerRequest): TlsFailure | undefined {
    return this.#connection.serverTlsProblem(request);
  }

  startServerTls(request: TlsServerRequest, until: Deadline): Promise<TlsStarted | TlsFailure> {
    return this.#connection.startServerTls(request, until);
  }

  startClientTls(request: TlsClientRequest, until: Deadline): Promise<TlsStarted | TlsFailure> {
    return this.#connection.startClientTls(request, until);
  }

  /** The line stays. */
  end(): void {
    this.#release();
  }

  close(): void {
    this.#release();
  }
}
