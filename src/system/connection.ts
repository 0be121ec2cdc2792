/**
 * A stream of octets with backpressure over a socket, a TLS session or a pair of descriptors. The hot path of SMTP: one timer and one abort
 * listener serve all waits of a connection, and what is written in one tick goes out in one system call.
 */
import * as net from 'node:net';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { invariant } from '../base/invariant.ts';
import { plainIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import type { Deadline } from '../core/deadline.ts';
import type {
  Connection,
  ReadResult,
  SystemFailure,
  SystemResult,
  TlsClientRequest,
  TlsFailure,
  TlsServerRequest,
  TlsStarted,
} from '../core/ports.ts';
import type { TlsFacts } from '../core/session.ts';
import { done, errorCode, failure, failureOf } from './failure.ts';
import { silentHandshake, type TlsEngine } from './tls.ts';

/** Received and not read: from here on the peer has to wait. */
const inputHighWater = 64 * 1024;
/** Written and not sent: from here on the writer has to wait. */
const outputHighWater = 64 * 1024;
/** Text of one tick is gathered up to this. */
const gatherLimit = 16 * 1024;
/** How long a closed connection may still send what was written. */
const lingerMs = 5000;
const longestTimerMs = 2 ** 31 - 1;

const written: Promise<SystemResult<void>> = Promise.resolve(done);
const timeout: { readonly kind: 'timeout' } = Object.freeze({ kind: 'timeout' });
const timedOut = Promise.resolve(timeout);
const ended: { readonly kind: 'end' } = Object.freeze({ kind: 'end' });

type WriteResult = SystemResult<void> | { readonly kind: 'timeout' };

interface Waiter<T> {
  readonly until: Deadline;
  readonly resolve: (result: T) => void;
}

/** Standard input and output. */
export interface StreamPair {
  readonly input: Readable;
  readonly output: Writable;
}

export interface Endpoint {
  readonly address: Octets;
  readonly port: number;
}

const noEndpoint: Endpoint = { address: '', port: 0 };

export class StreamConnection implements Connection {
  readonly remoteAddress: Octets;
  readonly remotePort: number;
  readonly localAddress: Octets;
  readonly localPort: number;
  readonly #engine: TlsEngine;
  /** Set when input and output are one stream. */
  #duplex: Duplex | undefined;
  #input: Readable;
  #output: Writable;
  #tls: TlsFacts | undefined;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #isPaused = false;
  /** Why no more will be received. */
  #inputEnd: typeof ended | SystemFailure | undefined;
  #outputFailure: SystemFailure | undefined;
  #isClosed = false;
  #reader: Waiter<ReadResult> | undefined;
  #writers: Waiter<WriteResult>[] = [];
  #gathered = '';
  #isFlushPlanned = false;
  #timer: NodeJS.Timeout | undefined;
  #timerEndMs = Number.POSITIVE_INFINITY;
  readonly #signals = new Set<AbortSignal>();

  /** Takes over the streams. */
  constructor(streams: Duplex | StreamPair, engine: TlsEngine, local: Endpoint = noEndpoint, remote: Endpoint = noEndpoint) {
    this.#engine = engine;
    this.#duplex = streams instanceof Duplex ? streams : undefined;
    this.#input = streams instanceof Duplex ? streams : streams.input;
    this.#output = streams instanceof Duplex ? streams : streams.output;
    this.localAddress = local.address;
    this.localPort = local.port;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.#attach();
  }

  static ofSocket(socket: net.Socket, engine: TlsEngine): StreamConnection {
    const local = { address: plainAddress(socket.localAddress), port: socket.localPort ?? 0 };
    const remote = { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    return new StreamConnection(socket, engine, local, remote);
  }

  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get hasEnded(): boolean {
    return this.#inputEnd !== undefined;
  }

  /** The descriptor of a socket, for SO_PEERCRED; undefined for other streams and after the end. */
  get fd(): number | undefined {
    return descriptorOf(this.#input);
  }

  read(until: Deadline): Promise<ReadResult> {
    invariant(!this.#reader, 'at most one read waits on a connection');
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#bufferedBytes -= chunk.length;
      if (this.#isPaused && this.#bufferedBytes < inputHighWater) this.#resume();
      return Promise.resolve({ kind: 'data', bytes: chunk });
    }
    if (this.#inputEnd) return Promise.resolve(this.#inputEnd);
    if (until.signal.aborted) return timedOut;
    return new Promise((resolve) => {
      this.#watch(until);
      this.#reader = { until, resolve };
    });
  }

  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#bufferedBytes += bytes.length;
  }

  discardBuffered(): void {
    this.#chunks = [];
    this.#bufferedBytes = 0;
    if (this.#isPaused) this.#resume();
  }

  write(bytes: Uint8Array | Octets, until: Deadline): Promise<WriteResult> {
    if (this.#outputFailure) return Promise.resolve(this.#outputFailure);
    if (typeof bytes === 'string') {
      this.#gathered += bytes;
      if (this.#gathered.length >= gatherLimit) this.#flush();
      else if (!this.#isFlushPlanned) this.#planFlush();
    } else {
      this.#flush();
      this.#output.write(bytes);
    }
    if (this.#output.writableLength < outputHighWater || !this.#output.writableNeedDrain) return written;
    if (until.signal.aborted) return timedOut;
    return new Promise((resolve) => {
      this.#watch(until);
      this.#writers.push({ until, resolve });
    });
  }

  serverTlsProblem(request: TlsServerRequest): TlsFailure | undefined {
    const prepared = this.#engine.prepareServer(request);
    return prepared.kind === 'error' ? prepared : undefined;
  }

  async startServerTls(request: TlsServerRequest, until: Deadline): Promise<TlsStarted | TlsFailure> {
    const prepared = this.#engine.prepareServer(request);
    if (prepared.kind === 'error') return prepared;
    const silent = await this.#silence(until);
    if (silent) return silent;
    return this.#secured(await prepared.value.accept(this.#release(), until));
  }

  /** A client that never begins the handshake can still be answered in the clear; undefined when it has begun. */
  async #silence(until: Deadline): Promise<TlsFailure | undefined> {
    const first = await this.read(until);
    if (first.kind !== 'data') return silentHandshake(first.kind === 'timeout' ? 'timeout' : 'closed');
    this.unread(first.bytes);
    return undefined;
  }

  async startClientTls(request: TlsClientRequest, until: Deadline): Promise<TlsStarted | TlsFailure> {
    const prepared = this.#engine.prepareClient(request);
    if (prepared.kind === 'error') return prepared;
    return this.#secured(await prepared.value.connect(this.#release(), until));
  }

  end(): void {
    this.#flush();
    if (!this.#output.writableEnded) this.#output.end();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#flush();
    if (this.#timer) clearTimeout(this.#timer);
    this.#unwatch();
    const streams = new Set<Readable | Writable>([this.#input, this.#output]);
    if (this.#output.writableLength === 0 || this.#outputFailure) {
      if (!this.#outputFailure && !this.#output.writableEnded) this.#output.end();
      for (const stream of streams) stream.destroy();
    } else {
      linger(this.#output, streams);
    }
    this.#fail(failure('ECANCELED'));
  }

  #attach(): void {
    this.#input.on('data', this.#onData);
    this.#input.on('end', this.#onEnd);
    this.#input.on('close', this.#onEnd);
    this.#input.on('error', this.#onError);
    if (!this.#duplex) this.#output.on('error', this.#onError);
    this.#output.on('drain', this.#onDrain);
    this.#output.on('close', this.#onOutputClose);
  }

  #detach(): void {
    this.#input.off('data', this.#onData);
    this.#input.off('end', this.#onEnd);
    this.#input.off('close', this.#onEnd);
    this.#output.off('drain', this.#onDrain);
    this.#output.off('close', this.#onOutputClose);
  }

  readonly #onData = (chunk: Buffer): void => {
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      reader.resolve({ kind: 'data', bytes: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#bufferedBytes < inputHighWater || this.#isPaused) return;
    this.#isPaused = true;
    this.#input.pause();
  };

  readonly #onEnd = (): void => {
    this.#inputEnd ??= ended;
    this.#finishReader(this.#inputEnd);
  };

  readonly #onOutputClose = (): void => {
    this.#outputFailure ??= failure('EPIPE');
    this.#finishWriters(this.#outputFailure);
  };

  readonly #onError = (error: unknown): void => {
    this.#fail(failureOf(asSystemError(error)));
  };

  readonly #onDrain = (): void => {
    this.#finishWriters(done);
  };

  #fail(reason: SystemFailure): void {
    this.#outputFailure ??= reason;
    this.#inputEnd ??= reason;
    this.#finishReader(this.#inputEnd);
    this.#finishWriters(this.#outputFailure);
  }

  #finishReader(result: ReadResult): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(result);
  }

  #finishWriters(result: WriteResult): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.resolve(result);
  }

  #resume(): void {
    this.#isPaused = false;
    this.#input.resume();
  }

  #planFlush(): void {
    this.#isFlushPlanned = true;
    process.nextTick(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    const text = this.#gathered;
    if (text === '') return;
    this.#gathered = '';
    if (!this.#outputFailure && this.#output.writable) this.#output.write(text, 'latin1');
  }

  /** Makes sure that a wait is looked at when its deadline or its owner ends. */
  #watch(until: Deadline): void {
    if (!this.#signals.has(until.signal)) {
      if (!this.#reader && this.#writers.length === 0) this.#unwatch();
      this.#signals.add(until.signal);
      until.signal.addEventListener('abort', this.#expire);
    }
    this.#arm(until.endMs);
  }

  #unwatch(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#expire);
    this.#signals.clear();
  }

  /** A timer that runs already and ends earlier is left: it is set again when it ends. */
  #arm(endMs: number): void {
    if (endMs === Number.POSITIVE_INFINITY || (this.#timer && this.#timerEndMs <= endMs)) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerEndMs = endMs;
    const waitMs = Math.min(Math.max(Math.ceil(endMs - performance.now()), 0), longestTimerMs);
    this.#timer = setTimeout(this.#expire, waitMs);
  }

  readonly #expire = (): void => {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    const isOver = ({ until }: { readonly until: Deadline }) => until.signal.aborted || until.endMs <= now;
    if (this.#reader && isOver(this.#reader)) this.#finishReader(timeout);
    const over = this.#writers.filter(isOver);
    if (over.length > 0) this.#writers = this.#writers.filter((writer) => !over.includes(writer));
    for (const writer of over) writer.resolve(timeout);
    if (this.#reader) this.#arm(this.#reader.until.endMs);
    for (const writer of this.#writers) this.#arm(writer.until.endMs);
  };

  /** Gives the streams away for TLS. What was received and not read goes with them: it can only be a part of the handshake. */
  #release(): Duplex {
    invariant(!this.#reader, 'no read waits when TLS starts');
    this.#flush();
    this.#input.pause();
    this.#detach();
    this.#isPaused = false;
    const rest = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bufferedBytes = 0;
    if (rest.length > 0 && !this.#inputEnd) this.#input.unshift(rest);
    return this.#duplex ?? Duplex.from({ readable: this.#input, writable: this.#output });
  }

  #secured(result: (TlsStarted & { readonly stream: Duplex }) | TlsFailure): TlsStarted | TlsFailure {
    if (result.kind === 'error') {
      this.#fail(failure('EPROTO'));
      return result;
    }
    const { stream, ...started } = result;
    for (const raw of [this.#input, this.#output]) {
      raw.on('error', ignoreLate);
      raw.off('error', this.#onError);
    }
    this.#duplex = stream;
    this.#input = stream;
    this.#output = stream;
    this.#tls = started.facts;
    this.#attach();
    return started;
  }
}

/** Lets what was written go out, for a while, then destroys. */
function linger(output: Writable, streams: ReadonlySet<Readable | Writable>): void {
  const destroy = () => {
    clearTimeout(timer);
    for (const stream of streams) stream.destroy();
  };
  const timer = setTimeout(destroy, lingerMs);
  timer.unref();
  output.once('finish', destroy);
  output.once('close', destroy);
  if (!output.writableEnded) output.end();
}

/** Errors of TLS after the handshake have codes of their own: the connection is unusable, whatever the reason. */
function asSystemError(error: unknown): unknown {
  const code = errorCode(error);
  return code === undefined || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') ? { code: 'EPROTO' } : error;
}

/** The session over TLS tells what happens; its socket's own error says nothing more. */
function ignoreLate(): void {}

function plainAddress(address: string | undefined): Octets {
  if (address === undefined) return '';
  return address.includes(':') ? plainIp(address) : address;
}

/** libuv's handle knows its descriptor; Node has no public way to it. */
export function descriptorOf(stream: unknown): number | undefined {
  if (!(stream instanceof net.Socket)) return undefined;
  const handle: unknown = Reflect.get(stream, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
