/** Sockets, TLS and datagrams. */
import type { Octets } from '../../base/octets.ts';
import type { Deadline } from '../deadline.ts';
import type { TlsFacts } from '../session.ts';
import type { SystemFailure, SystemResult } from './files.ts';

export interface ConnectRequest {
  /** An IP address, or the path of a Unix socket. */
  readonly address: Octets;
  /** 0 for a Unix socket. */
  readonly port: number;
  readonly interface?: Octets | undefined;
  readonly keepAlive?: boolean;
  readonly timeoutMs: number;
}

export interface ConnectFailure {
  readonly kind: 'error';
  readonly errno: string;
  readonly reason: string;
  readonly isTimeout: boolean;
}

export interface TlsClientRequest {
  readonly host: Octets;
  readonly sni?: Octets | undefined;
  readonly certificateFile?: Octets | undefined;
  readonly keyFile?: Octets | undefined;
  /** A file, a directory, `system`, or '' for none. */
  readonly verifyCertificates?: Octets | undefined;
  readonly crlFile?: Octets | undefined;
  readonly ciphers?: Octets | undefined;
  readonly options?: Octets | undefined;
  readonly alpn?: readonly Octets[] | undefined;
  /** Without an agreed name there is no session. */
  readonly requiresAlpn?: boolean;
  /** Names the certificate must be for; empty: any. */
  readonly verifyNames: readonly Octets[];
  /** Refuse an unverified peer. */
  readonly mustVerify: boolean;
  /** Look at the certificate although an unverified one is taken. */
  readonly tryVerify: boolean;
  readonly minDhBits?: number | undefined;
}

export interface TlsServerRequest {
  /** '': one is made for `hostName`. */
  readonly certificateFile: Octets;
  readonly hostName?: Octets | undefined;
  readonly keyFile: Octets;
  readonly verifyCertificates?: Octets | undefined;
  readonly crlFile?: Octets | undefined;
  readonly ciphers?: Octets | undefined;
  readonly options?: Octets | undefined;
  /** With a proof that the certificate is not revoked, in DER, or `PEM file`; of a list the first. */
  readonly ocspFile?: Octets | undefined;
  /** A file, the name of a prime, or `none`. */
  readonly dhParam?: Octets | undefined;
  /** A prime of a file that has more is not used. */
  readonly dhMaxBits?: number | undefined;
  readonly eccurve?: Octets | undefined;
  /** Names that a client may ask for, one at a time; undefined: whatever it asks for is passed over. */
  readonly alpn?: readonly Octets[] | undefined;
  /** A client that asks for none gets no session. */
  readonly requiresAlpn?: boolean;
  /** Ask the client for a certificate, and refuse one that does not verify when `require`. */
  readonly clientCertificate: 'none' | 'try' | 'require';
  /** Give out tickets by which the client may resume the session later, and take them. */
  readonly offersResumption?: boolean;
  /** For a name that the client sends (SNI): another request, when tls_certificate or the like depend on `$tls_in_sni`; undefined to keep this one. */
  readonly forServerName?: ((name: Octets) => Promise<TlsServerRequest | undefined>) | undefined;
}

export interface TlsStarted {
  readonly kind: 'ok';
  readonly facts: TlsFacts;
  /** The peer's certificate did not verify but was taken (`tryVerify`, `clientCertificate: 'try'`): what Exim logs, a line each. */
  readonly verifyErrors?: readonly Octets[];
}

/** Never a thrown error: what the log line needs. */
export interface TlsFailure {
  readonly kind: 'error';
  /** As Exim logs it: `(SSL_accept): error:0A0000C1:SSL routines::no shared cipher`, `(SSL_connect): timed out`. */
  readonly message: Octets;
  /** The peer said nothing for too long. */
  readonly isTimeout?: true;
  /** What Exim logs on a line of its own before: `SSL verify error: depth=0 error=certificate has expired cert=/CN=x`. */
  readonly verifyErrors?: readonly Octets[];
}

export type WriteResult = SystemResult<void> | { readonly kind: 'timeout' };

/**
 * A stream of octets with backpressure. At most one read waits at a time.
 * Used by SMTP server and client, callouts, readsocket, LMTP.
 */
export interface Connection {
  readonly remoteAddress: Octets;
  readonly remotePort: number;
  readonly localAddress: Octets;
  readonly localPort: number;
  readonly tls: TlsFacts | undefined;
  /** The next octets that arrived; `end` at the peer's end of stream; `timeout` when the deadline ended. */
  read(until: Deadline): Promise<ReadResult>;
  /** Octets that were received and not yet read, without waiting: for synchronisation checks. */
  readonly bufferedBytes: number;
  /** The peer sends no more, or is gone, as far as is known by now; there may be something left to read. */
  readonly hasEnded?: boolean;
  /** Throws away what was received and not read (before TLS). */
  discardBuffered(): void;
  /** Takes back octets that were read too far: they come first again. */
  unread(bytes: Buffer): void;
  /** Queues; resolves when the kernel has taken enough that more may be written. */
  write(bytes: Uint8Array | Octets, until: Deadline): Promise<WriteResult>;
  /** What would make every handshake fail (certificate, key, options): known before the peer is told to begin. */
  serverTlsProblem(request: TlsServerRequest): TlsFailure | undefined;
  startServerTls(request: TlsServerRequest, until: Deadline): Promise<TlsStarted | TlsFailure>;
  startClientTls(request: TlsClientRequest, until: Deadline): Promise<TlsStarted | TlsFailure>;
  /** Half close: no more writes. */
  end(): void;
  /** At once. */
  close(): void;
}

export type ReadResult =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'timeout' }
  | SystemFailure;

export interface Net {
  connect(request: ConnectRequest, until: Deadline): Promise<{ readonly kind: 'ok'; readonly connection: Connection } | ConnectFailure>;
  /** Sends one UDP datagram and waits for the one that answers it. */
  exchange(request: DatagramRequest, until: Deadline): Promise<DatagramResult>;
  /** Sends one UDP datagram and is content; that nobody listens is not noticed. */
  sendDatagram(request: Pick<DatagramRequest, 'address' | 'port' | 'bytes'>): Promise<SystemResult<void>>;
}

export interface DatagramRequest {
  /** An IP address. */
  readonly address: Octets;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** What is no answer is not taken. */
  readonly isAnswer: (bytes: Buffer) => boolean;
}

export type DatagramResult =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  | { readonly kind: 'timeout' }
  /** Nobody listens there, or the network is down. */
  | SystemFailure;
