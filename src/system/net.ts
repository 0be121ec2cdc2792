/** Sockets: outgoing connections, listening sockets, and a connection over the process's own descriptors (`-bs`, inetd). */
import { unlinkSync } from 'node:fs';
import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import { plainIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type {
  ConnectFailure,
  Connection,
  ConnectRequest,
  DatagramRequest,
  DatagramResult,
  Net,
  SystemFailure,
  SystemResult,
  TlsFailure,
  TlsServerRequest,
} from '../core/ports.ts';
import { StreamConnection } from './connection.ts';
import { exchangeDatagram, sendDatagram } from './datagram.ts';
import { attempt, errorCode, failure, failureOf, strerror } from './failure.ts';
import { nodePath } from './files.ts';
import type { TlsEngine } from './tls.ts';

const defaultBacklog = 511;

/** An address to bind, or a descriptor that listens already or is bound (inherited from the supervisor or systemd). */
export type ListenTarget =
  | {
      readonly kind: 'address';
      readonly address: Octets;
      readonly port: number /** An IPv6 wildcard without IPv4. */;
      readonly isIpv6Only?: boolean;
    }
  | { readonly kind: 'path'; readonly path: Octets }
  | { readonly kind: 'descriptor'; readonly fd: number };

export interface Listener {
  readonly address: Octets;
  /** The port that was given, for port 0. */
  readonly port: number;
  /** Stops accepting; connections that exist go on. */
  close(): Promise<void>;
}

/** A socket that is bound but does not accept: for workers, which inherit `fd`. */
export interface BoundSocket {
  readonly fd: number;
  readonly address: Octets;
  readonly port: number;
  close(): void;
}

export class SystemNet implements Net {
  readonly #tls: TlsEngine;

  constructor(tls: TlsEngine) {
    this.#tls = tls;
  }

  sendDatagram(request: Pick<DatagramRequest, 'address' | 'port' | 'bytes'>): Promise<SystemResult<void>> {
    return sendDatagram(request);
  }

  exchange(request: DatagramRequest, until: Deadline): Promise<DatagramResult> {
    return exchangeDatagram(request, until);
  }

  connect(request: ConnectRequest, until: Deadline): Promise<{ readonly kind: 'ok'; readonly connection: Connection } | ConnectFailure> {
    return new Promise((resolve) => {
      if (until.signal.aborted) return resolve(connectFailure('ETIMEDOUT', true));
      const socket = new net.Socket({ allowHalfOpen: true });
      const settle = (result: { readonly kind: 'ok'; readonly connection: Connection } | ConnectFailure) => {
        clearTimeout(timer);
        until.signal.removeEventListener('abort', expire);
        socket.off('connect', onConnect);
        socket.off('error', onError);
        if (result.kind === 'error') {
          socket.on('error', ignoreLate);
          socket.destroy();
        }
        resolve(result);
      };
      const expire = () => settle(connectFailure('ETIMEDOUT', true));
      const onConnect = () => settle({ kind: 'ok', connection: StreamConnection.ofSocket(socket, this.#tls) });
      const onError = (error: Error) => settle(connectFailure(errorCode(error) ?? 'EIO', errorCode(error) === 'ETIMEDOUT'));
      const waitMs = Math.min(request.timeoutMs > 0 ? request.timeoutMs : Number.POSITIVE_INFINITY, until.endMs - performance.now());
      const timer = waitMs < 2 ** 31 ? setTimeout(expire, Math.max(waitMs, 0)) : undefined;
      until.signal.addEventListener('abort', expire);
      socket.on('connect', onConnect);
      socket.on('error', onError);
      try {
        socket.connect(connectOptions(request));
        socket.setNoDelay(true);
        if (request.keepAlive) socket.setKeepAlive(true);
      } catch (error) {
        settle(connectFailure(failureOf(error).errno, false));
      }
    });
  }

  /** `onConnection` gets every accepted connection; what it throws is a bug and ends the process. */
  listen(
    target: ListenTarget,
    onConnection: (connection: StreamConnection) => void,
    options: ListenOptions = {},
  ): Promise<SystemResult<Listener>> {
    const server = net.createServer(
      { allowHalfOpen: true, noDelay: options.noDelay ?? true, keepAlive: options.keepAlive ?? false },
      (socket) => {
        // a peer that has gone already has no address any more
        if (socket.remoteAddress === undefined && target.kind !== 'path' && !options.isUnixSocket) {
          socket.on('error', ignoreLate);
          socket.destroy();
          return;
        }
        onConnection(StreamConnection.ofSocket(socket, this.#tls));
      },
    );
    return new Promise((resolve) => {
      server.once('error', (error) => resolve(failureOf(error)));
      server.listen(listenOptions(target, options.backlog ?? defaultBacklog), () => {
        server.removeAllListeners('error');
        // accept(2) fails when descriptors run out: those connections wait in the backlog
        server.on('error', (error) => options.onAcceptFailure?.(failureOf(error)));
        resolve({ kind: 'ok', value: listenerOf(server) });
      });
    });
  }

  /** Binds without listening. The descriptor is inherited by processes that get it in their `stdio`, and closed with the socket. */
  bind(address: Octets, port: number, isIpv6Only = false): SystemResult<BoundSocket> {
    const type = address.includes(':') ? 6 : 4;
    const handle: unknown = createServerHandle(address, port, type, isIpv6Only ? ipv6OnlyFlag : 0);
    if (typeof handle === 'number') return failure(errnoName(handle));
    const bound = handle as ServerHandle; // what it returns when it is no errno
    const name: { address?: string; port?: number } = {};
    const status = bound.getsockname(name); // bind's own EADDRINUSE is told here
    if (status !== 0) {
      bound.close();
      return failure(errnoName(status));
    }
    return {
      kind: 'ok',
      value: { fd: bound.fd, address: plainIp(name.address ?? address), port: name.port ?? port, close: () => bound.close() },
    };
  }

  /** A Unix socket with this mode, in the place of a stale one: as `bind`. Closing it removes the file. */
  bindPath(path: Octets, mode: number): SystemResult<{ readonly fd: number; close(): void }> {
    attempt(() => unlinkSync(nodePath(path))); // usually it is not there
    const ownUmask = process.umask(0o777 & ~mode);
    const handle: unknown = createServerHandle(String(nodePath(path)), -1, -1, 0);
    process.umask(ownUmask);
    if (typeof handle === 'number') return failure(errnoName(handle));
    const bound = handle as ServerHandle; // what it returns when it is no errno
    return { kind: 'ok', value: { fd: bound.fd, close: () => bound.close() } };
  }

  /** What no client could have TLS with: known before there is one. */
  serverTlsProblem(request: TlsServerRequest): TlsFailure | undefined {
    const prepared = this.#tls.prepareServer(request);
    return prepared.kind === 'error' ? prepared : undefined;
  }

  /** A stream that is no socket: a caller's streams as they come over the submission socket. */
  ofStream(stream: Duplex): StreamConnection {
    return new StreamConnection(stream, this.#tls);
  }

  /** Standard input and output. When they are a socket (inetd), its addresses are known. */
  ofStandardStreams(): StreamConnection {
    const { stdin, stdout } = process;
    if (stdin instanceof net.Socket && stdin.remoteAddress !== undefined) {
      const local = { address: plainIp(stdin.localAddress ?? ''), port: stdin.localPort ?? 0 };
      return new StreamConnection({ input: stdin, output: stdout }, this.#tls, local, {
        address: plainIp(stdin.remoteAddress),
        port: stdin.remotePort ?? 0,
      });
    }
    return new StreamConnection({ input: stdin, output: stdout }, this.#tls);
  }
}

export interface ListenOptions {
  /** Small packets go out at once (`tcp_nodelay`); default: they do. */
  readonly noDelay?: boolean;
  readonly backlog?: number;
  /** SO_KEEPALIVE on accepted connections (`smtp_accept_keepalive`). */
  readonly keepAlive?: boolean;
  /** A descriptor of a Unix socket: its peers have no address. */
  readonly isUnixSocket?: boolean;
  readonly onAcceptFailure?: (reason: SystemFailure) => void;
}

interface ServerHandle {
  readonly fd: number;
  getsockname(name: object): number;
  close(): void;
}

const ipv6OnlyFlag = 1; // UV_TCP_IPV6ONLY

/** What node:cluster binds shared sockets with: the only way in Node to bind without accepting. */
function createServerHandle(address: Octets, port: number, type: 4 | 6 | -1, flags: number): unknown {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof create !== 'function') return -38; // ENOSYS
  return create(address, port, type, undefined, flags);
}

function errnoName(status: number): string {
  return process.getBuiltinModule('node:util').getSystemErrorMap().get(status)?.[0] ?? 'EIO';
}

function connectOptions(request: ConnectRequest): net.SocketConnectOpts {
  if (request.port === 0 && /^\.?\//.test(request.address)) return { path: request.address };
  return { host: request.address, port: request.port, ...(request.interface ? { localAddress: request.interface } : {}) };
}

function listenOptions(target: ListenTarget, backlog: number): net.ListenOptions & { fd?: number } {
  switch (target.kind) {
    case 'descriptor':
      return { fd: target.fd, backlog };
    case 'path':
      return { path: target.path, backlog };
    case 'address':
      return { host: target.address, port: target.port, backlog, ipv6Only: target.isIpv6Only ?? false };
  }
}

function listenerOf(server: net.Server): Listener {
  const bound = server.address();
  const isIp = typeof bound === 'object' && bound !== null;
  return {
    address: isIp ? plainIp(bound.address) : (bound ?? ''),
    port: isIp ? bound.port : 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function connectFailure(errno: string, isTimeout: boolean): ConnectFailure {
  return { kind: 'error', errno, reason: strerror(errno), isTimeout };
}

/** Errors of a socket that nobody uses any more. */
function ignoreLate(): void {}
