/** Scripted connections for tests: what the peer sends is given, what is written is kept. */
import type { Octets } from '../../base/octets.ts';
import { bytesFromOctets, octetsFromBytes } from '../../base/octets.ts';
import type { Deadline } from '../../core/deadline.ts';
import type {
  ConnectFailure,
  Connection,
  ConnectRequest,
  DatagramRequest,
  DatagramResult,
  Net,
  ReadResult,
  SystemResult,
  TlsClientRequest,
  TlsFailure,
  TlsStarted,
} from '../../core/ports.ts';
import type { TlsFacts } from '../../core/session.ts';

/** Answers what was written since the last call: octets to send, or that the peer ends, hangs (`timeout`) or breaks the connection. */
export type FakePeer = (written: Octets) => Octets | undefined | { readonly ending: 'end' | 'timeout' | 'reset'; readonly first?: Octets };

export interface FakeConnectionOptions {
  readonly remoteAddress?: Octets;
  readonly remotePort?: number;
  readonly localAddress?: Octets;
  readonly localPort?: number;
  /** What `startServerTls` and `startClientTls` give; absent: they fail. */
  readonly tls?: TlsFacts;
  /** Told with `tls`. */
  readonly verifyErrors?: readonly Octets[];
  /** What `serverTlsProblem` tells. */
  readonly tlsProblem?: Octets;
}

export class FakeConnection implements Connection {
  readonly remoteAddress: Octets;
  readonly remotePort: number;
  readonly localAddress: Octets;
  readonly localPort: number;
  readonly #peer: FakePeer;
  readonly #tlsOnStart: TlsFacts | undefined;
  readonly #tlsProblem: Octets | undefined;
  readonly #verifyErrors: readonly Octets[];
  #tls: TlsFacts | undefined;
  #unanswered: Octets = '';
  #incoming: Octets = '';
  #ending: 'end' | 'timeout' | 'reset' | undefined;
  /** Everything that was written. */
  written: Octets = '';
  /** What `startClientTls` was called with. */
  clientTls: TlsClientRequest | undefined;
  isClosed = false;
  isEnded = false;

  /** The peer is called once with '' when the first read finds nothing, so that a server peer can send its banner. */
  constructor(peer: FakePeer, options: FakeConnectionOptions = {}) {
    this.#peer = peer;
    this.remoteAddress = options.remoteAddress ?? '192.0.2.25';
    this.remotePort = options.remotePort ?? 25;
    this.localAddress = options.localAddress ?? '192.0.2.1';
    this.localPort = options.localPort ?? 40000;
    this.#tlsOnStart = options.tls;
    this.#tlsProblem = options.tlsProblem;
    this.#verifyErrors = options.verifyErrors ?? [];
  }

  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  get bufferedBytes(): number {
    return this.#incoming.length;
  }

  get hasEnded(): boolean {
    return this.#ending === 'end' || this.#ending === 'reset';
  }

  async read(until: Deadline): Promise<ReadResult> {
    if (until.signal.aborted) return { kind: 'timeout' };
    if (this.#incoming === '' && !this.#ending) this.#askPeer();
    if (this.#incoming !== '') {
      const bytes = bytesFromOctets(this.#incoming);
      this.#incoming = '';
      return { kind: 'data', bytes };
    }
    if (this.#ending === 'reset') return { kind: 'error', errno: 'ECONNRESET', reason: 'Connection reset by peer' };
    return this.#ending === 'end' || this.isClosed ? { kind: 'end' } : { kind: 'timeout' };
  }

  async write(bytes: Uint8Array | Octets, _until: Deadline): Promise<SystemResult<void>> {
    if (this.isClosed || this.isEnded) return { kind: 'error', errno: 'EPIPE', reason: 'Broken pipe' };
    const text = typeof bytes === 'string' ? bytes : octetsFromBytes(bytes);
    this.written += text;
    this.#unanswered += text;
    return { kind: 'ok', value: undefined };
  }

  unread(bytes: Buffer): void {
    this.#incoming = octetsFromBytes(bytes) + this.#incoming;
  }

  discardBuffered(): void {
    this.#incoming = '';
  }

  serverTlsProblem(): TlsFailure | undefined {
    return this.#tlsProblem === undefined ? undefined : { kind: 'error', message: this.#tlsProblem };
  }

  async startServerTls(): Promise<TlsStarted | TlsFailure> {
    return this.#startTls('SSL_accept');
  }

  async startClientTls(request: TlsClientRequest): Promise<TlsStarted | TlsFailure> {
    this.clientTls = request;
    return this.#startTls('SSL_connect');
  }

  end(): void {
    this.isEnded = true;
  }

  close(): void {
    this.isClosed = true;
  }

  #startTls(step: Octets): TlsStarted | TlsFailure {
    if (!this.#tlsOnStart) return { kind: 'error', message: step };
    this.#tls = this.#tlsOnStart;
    return { kind: 'ok', facts: this.#tlsOnStart, verifyErrors: this.#verifyErrors };
  }

  #askPeer(): void {
    const answer = this.#peer(this.#unanswered);
    this.#unanswered = '';
    if (typeof answer === 'string') this.#incoming = answer;
    else if (answer) {
      this.#incoming = answer.first ?? '';
      this.#ending = answer.ending;
    }
  }
}

/** A peer that sends these pieces one after another, one for each read, and then ends the stream. */
export function scriptedPeer(pieces: readonly Octets[]): FakePeer {
  const rest = [...pieces];
  return () => rest.shift() ?? { ending: 'end' };
}

/** Hosts by `address:port` (a path for Unix sockets); who is not listed refuses. */
export class FakeNet implements Net {
  readonly #peers: ReadonlyMap<string, (request: ConnectRequest) => FakeConnection | ConnectFailure>;
  readonly requests: ConnectRequest[] = [];
  readonly connections: FakeConnection[] = [];

  constructor(peers: Readonly<Record<string, (request: ConnectRequest) => FakeConnection | ConnectFailure>> = {}) {
    this.#peers = new Map(Object.entries(peers));
  }

  readonly datagrams: { readonly address: Octets; readonly port: number; readonly text: Octets }[] = [];

  async sendDatagram({ address, port, bytes }: Pick<DatagramRequest, 'address' | 'port' | 'bytes'>): Promise<SystemResult<void>> {
    this.datagrams.push({ address, port, text: octetsFromBytes(bytes) });
    return { kind: 'ok', value: undefined };
  }

  /** Nobody listens. */
  async exchange(): Promise<DatagramResult> {
    return { kind: 'error', errno: 'ECONNREFUSED', reason: 'Connection refused' };
  }

  async connect(
    request: ConnectRequest,
    _until: Deadline,
  ): Promise<{ readonly kind: 'ok'; readonly connection: Connection } | ConnectFailure> {
    this.requests.push(request);
    const key = request.port === 0 ? request.address : `${request.address}:${request.port}`;
    const made = this.#peers.get(key)?.(request) ?? connectFailure('ECONNREFUSED', 'Connection refused');
    if (!(made instanceof FakeConnection)) return made;
    this.connections.push(made);
    return { kind: 'ok', connection: made };
  }
}

export function connectFailure(errno: string, reason: string): ConnectFailure {
  return { kind: 'error', errno, reason, isTimeout: errno === 'ETIMEDOUT' };
}
