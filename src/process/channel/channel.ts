/**
 * Calls between two of our processes over one stream: each call has a request, data in both directions with backpressure (a window per
 * direction, as in HTTP/2), events, a reply, and can be cancelled. Every buffer is bounded; a peer that does not keep to that is cut off.
 */
import type { Duplex } from 'node:stream';
import { assertNever, invariant } from '../../base/invariant.ts';
import {
  dataLimitBytes,
  encodeFrame,
  type Frame,
  FrameReader,
  type FrameType,
  frameType,
  ProtocolError,
  valueLimitBytes,
} from './frames.ts';
import { decodeValue, encodeValue } from './values.ts';

/** What one side may send without hearing that it was consumed. */
const windowBytes = 256 * 1024;
const windowStep = 64 * 1024;
/** What a frame takes of the window besides its octets: bounds how many small ones wait. */
const frameCost = 64;
const openCallsLimit = 4096;
/** Events and replies that the stream has not taken: a peer that does not read is cut off. */
const outputLimitBytes = 64 << 20;

/** How a call ended, for who made it. `lost`: cancelled, or the other process is gone. */
export type CallEnd = { readonly kind: 'reply'; readonly value: unknown } | { readonly kind: 'lost'; readonly reason: string };

export interface ChannelOptions {
  /** A call from the other side; without it the other side may not call. What it throws ends the call. */
  readonly onCall?: (call: IncomingCall) => void;
  readonly onClose?: (reason: string) => void;
}

export interface OutgoingCall {
  /** Resolves when more may be sent; false when the call is over. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** No more data. */
  end(): void;
  sendEvent(value: unknown): void;
  onEvent: ((value: unknown) => void) | undefined;
  /** The other side's data, to be consumed by one reader; ends with the call. */
  chunks(): AsyncIterableIterator<Buffer>;
  readonly ended: Promise<CallEnd>;
  cancel(): void;
}

export interface IncomingCall {
  readonly request: unknown;
  /**
   * Hands the call over to `inner`, a call of this process to another one: from then on frames pass as they are, windows too, so that the two
   * ends see each other's backpressure. Resolves when it is over; `onLost` says what the caller is told when `inner` has no reply.
   */
  passTo(inner: OutgoingCall, onLost: (reason: string) => unknown): Promise<void>;
  write(bytes: Uint8Array): Promise<boolean>;
  sendEvent(value: unknown): void;
  onEvent: ((value: unknown) => void) | undefined;
  /** The caller's data, until it ends them or the call is over. */
  chunks(): AsyncIterableIterator<Buffer>;
  reply(value: unknown): void;
  /** Aborted when the caller cancels or is gone, and not by the reply. */
  readonly signal: AbortSignal;
}

export class Channel {
  readonly #stream: Duplex;
  readonly #options: ChannelOptions;
  readonly #reader = new FrameReader();
  readonly #outgoing = new Map<number, Call>();
  readonly #incoming = new Map<number, Call>();
  #lastCall = 0;
  #closedFor: string | undefined;
  #isGathering = false;

  constructor(stream: Duplex, options: ChannelOptions = {}) {
    this.#stream = stream;
    this.#options = options;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('end', () => this.close('the other process has ended'));
    stream.on('close', () => this.close('the other process has ended'));
    stream.on('error', (error) => this.close(error.message));
    stream.on('drain', () => this.#wake());
  }

  get isOpen(): boolean {
    return this.#closedFor === undefined;
  }

  /** Calls of either side that are not over. */
  get callCount(): number {
    return this.#outgoing.size + this.#incoming.size;
  }

  /** Starts a call; a closed channel gives one that is lost. */
  call(request: unknown): OutgoingCall {
    this.#lastCall = (this.#lastCall + 1) & ~calleeBit;
    const call = new Call(
      this.#lastCall,
      undefined,
      (type, payload) => this.#send(type, call.number, payload, false),
      () => this.#outgoing.delete(call.number),
      () => this.#isFull,
    );
    if (this.#closedFor !== undefined) {
      call.lose(this.#closedFor);
      return call;
    }
    const payload = encodeCall(request);
    if (!payload || this.#outgoing.size >= openCallsLimit) {
      call.lose(payload ? 'too many calls' : 'the request is too long');
      return call;
    }
    this.#outgoing.set(call.number, call);
    this.#send(frameType.open, call.number, payload, false);
    return call;
  }

  /** Ends all calls; the stream is destroyed. */
  close(reason = 'closed'): void {
    if (this.#closedFor !== undefined) return;
    this.#closedFor = reason;
    this.#stream.destroy();
    for (const call of [...this.#outgoing.values(), ...this.#incoming.values()]) call.lose(reason);
    this.#outgoing.clear();
    this.#incoming.clear();
    this.#options.onClose?.(reason);
  }

  get #isFull(): boolean {
    return this.#stream.writableNeedDrain;
  }

  #wake(): void {
    for (const call of this.#outgoing.values()) call.wake();
    for (const call of this.#incoming.values()) call.wake();
  }

  #receive(chunk: Buffer): void {
    if (this.#closedFor !== undefined) return;
    try {
      for (const frame of this.#reader.push(chunk)) this.#handle(frame);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
    }
  }

  /** Call numbers of the two sides are apart: the top bit of the number on the wire says whose call it is, seen from the sender. */
  #handle(frame: Frame): void {
    const isOurs = (frame.call & calleeBit) !== 0;
    const number = (frame.call & ~calleeBit) >>> 0;
    if (frame.type === frameType.open) {
      if (isOurs) throw new ProtocolError('a call opened by who is called');
      this.#open(number, frame.payload);
      return;
    }
    const call = (isOurs ? this.#outgoing : this.#incoming).get(number);
    if (!call) return; // it has just ended here
    if (call.partner) return this.#forward(frame, call, call.partner, isOurs);
    this.#pass(frame, call, isOurs);
  }

  /** A reply and a cancellation end both calls; everything else is the other end's affair. */
  #forward(frame: Frame, call: Call, partner: Call, isOurs: boolean): void {
    switch (frame.type) {
      case frameType.reply:
        if (!isOurs) throw new ProtocolError('a reply from who calls');
        partner.pass(frame.type, frame.payload);
        partner.finish();
        call.finish();
        return;
      case frameType.cancel:
        if (isOurs) throw new ProtocolError('a cancellation from who is called');
        call.lose('cancelled');
        return;
      case frameType.open:
        throw new ProtocolError('a call that is opened twice');
      default:
        call.countPassed(frame, partner);
        partner.pass(frame.type, frame.payload);
    }
  }

  #pass(frame: Frame, call: Call, isOurs: boolean): void {
    switch (frame.type) {
      case frameType.data:
        call.takeData(frame.payload);
        return;
      case frameType.end:
        call.takeEnd();
        return;
      case frameType.event:
        call.onEvent?.(decodeValue(frame.payload));
        return;
      case frameType.window:
        call.takeWindow(frame.payload);
        return;
      case frameType.reply:
        if (!isOurs) throw new ProtocolError('a reply from who calls');
        call.takeReply(decodeValue(frame.payload));
        return;
      case frameType.cancel:
        if (isOurs) throw new ProtocolError('a cancellation from who is called');
        call.lose('cancelled');
        return;
      case frameType.open:
        throw new ProtocolError('a call that is opened twice');
      default:
        assertNever(frame.type);
    }
  }

  #open(number: number, payload: Buffer): void {
    const { onCall } = this.#options;
    if (!onCall) throw new ProtocolError('calls are not taken here');
    if (this.#incoming.has(number)) throw new ProtocolError('a call number that is in use');
    if (this.#incoming.size >= openCallsLimit) throw new ProtocolError('too many calls');
    const call = new Call(
      number,
      decodeValue(payload),
      (type, bytes) => this.#send(type, number, bytes, true),
      () => this.#incoming.delete(number),
      () => this.#isFull,
    );
    this.#incoming.set(number, call);
    onCall(call);
  }

  #send(type: FrameType, number: number, payload: Uint8Array | undefined, isCallee: boolean): void {
    if (this.#closedFor !== undefined) return;
    this.#gather();
    this.#stream.write(encodeFrame(type, isCallee ? (number | calleeBit) >>> 0 : number, payload));
    // data are bounded by their windows
    if (type !== frameType.data && this.#stream.writableLength > outputLimitBytes) this.close('the other process does not read');
  }

  /** Frames of one tick go out in one system call. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#stream.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      this.#stream.uncork();
    });
  }
}

const calleeBit = 0x8000_0000;

function encodeCall(request: unknown): Buffer | undefined {
  const payload = encodeValue(request);
  return payload.length > valueLimitBytes ? undefined : payload;
}

type Send = (type: FrameType, payload?: Uint8Array) => void;

/** Either end of a call. */
class Call implements OutgoingCall, IncomingCall {
  readonly number: number;
  readonly request: unknown;
  readonly ended: Promise<CallEnd>;
  onEvent: ((value: unknown) => void) | undefined;
  /** The call that this one's frames pass to. */
  partner: Call | undefined;
  /** The partner, when this is the call that came in. */
  #inner: Call | undefined;
  readonly #send: Send;
  readonly #forget: () => void;
  readonly #isFull: () => boolean;
  /** Made for who wants to know: most calls are never cancelled. */
  #aborter: AbortController | undefined;
  #isLost = false;
  #settle: (end: CallEnd) => void = () => {};
  #isOver = false;
  #credit = windowBytes;
  #wakers: (() => void)[] = [];
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #consumedBytes = 0;
  #isInputEnded = false;
  #wakeReader: (() => void) | undefined;

  constructor(number: number, request: unknown, send: Send, forget: () => void, isFull: () => boolean) {
    this.number = number;
    this.request = request;
    this.#send = send;
    this.#forget = forget;
    this.#isFull = isFull;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get signal(): AbortSignal {
    if (!this.#aborter) {
      this.#aborter = new AbortController();
      if (this.#isLost) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    // an empty write is a frame of its own: who uses one gives it its meaning
    for (let from = 0; from < bytes.length || from === 0; ) {
      while (!this.#isOver && (this.#credit <= frameCost || this.#isFull())) await this.#woken();
      if (this.#isOver) return false;
      const length = Math.min(bytes.length - from, dataLimitBytes, this.#credit - frameCost);
      this.#credit -= length + frameCost;
      this.#send(frameType.data, bytes.subarray(from, from + length));
      from += length;
      if (bytes.length === 0) break;
    }
    return !this.#isOver;
  }

  end(): void {
    if (!this.#isOver) this.#send(frameType.end);
  }

  sendEvent(value: unknown): void {
    if (!this.#isOver) this.#send(frameType.event, encodeValue(value));
  }

  reply(value: unknown): void {
    if (this.#isOver) return;
    this.#send(frameType.reply, encodeValue(value));
    this.#finish({ kind: 'reply', value });
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#send(frameType.cancel);
    this.lose('cancelled');
  }

  async *chunks(): AsyncIterableIterator<Buffer> {
    for (;;) {
      const chunk = this.#received.shift();
      if (chunk) {
        this.#consume(chunk.length + frameCost);
        yield chunk;
      } else if (this.#isInputEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  async passTo(inner: OutgoingCall, onLost: (reason: string) => unknown): Promise<void> {
    invariant(inner instanceof Call, 'calls are made by channels');
    if (this.#isOver) inner.cancel();
    this.partner = inner;
    this.#inner = inner;
    inner.partner = this;
    for (const chunk of this.#received.splice(0)) inner.pass(frameType.data, chunk);
    if (this.#isInputEnded) inner.end();
    const ended = await inner.ended;
    if (ended.kind === 'lost') this.reply(onLost(ended.reason));
  }

  /** What this end has sent must fit into the window that the other end gives it, though nothing is consumed here. */
  countPassed({ type, payload }: Frame, partner: Call): void {
    if (type === frameType.data) {
      this.#receivedBytes += payload.length + frameCost;
      if (this.#receivedBytes > windowBytes) throw new ProtocolError('more data than the window allows');
    } else if (type === frameType.window) {
      if (payload.length !== 4) throw new ProtocolError('a window without its size');
      partner.#receivedBytes = Math.max(0, partner.#receivedBytes - payload.readUInt32BE(0));
    }
  }

  /** A frame of the partner. */
  pass(type: FrameType, payload: Buffer): void {
    if (!this.#isOver) this.#send(type, payload);
  }

  /** The partner had the end: its reply has passed. */
  finish(): void {
    if (!this.#isOver) this.#finish({ kind: 'reply', value: undefined });
  }

  takeData(payload: Buffer): void {
    if (this.#isInputEnded) throw new ProtocolError('data after their end');
    this.#receivedBytes += payload.length + frameCost;
    if (this.#receivedBytes > windowBytes) throw new ProtocolError('more data than the window allows');
    this.#received.push(payload);
    this.#wakeReader?.();
  }

  takeEnd(): void {
    this.#isInputEnded = true;
    this.#wakeReader?.();
  }

  takeWindow(payload: Buffer): void {
    if (payload.length !== 4) throw new ProtocolError('a window without its size');
    this.#credit += payload.readUInt32BE(0);
    if (this.#credit > windowBytes) throw new ProtocolError('a window beyond its size');
    this.wake();
  }

  takeReply(value: unknown): void {
    this.#finish({ kind: 'reply', value });
  }

  /** The other side is gone, or cancelled. */
  lose(reason: string): void {
    if (this.#isOver) return;
    this.#received = [];
    this.#finish({ kind: 'lost', reason });
    this.#isLost = true;
    this.#aborter?.abort();
    this.#inner?.cancel();
  }

  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waken of wakers) waken();
  }

  #finish(end: CallEnd): void {
    this.#isOver = true;
    this.#isInputEnded = true;
    this.#forget();
    this.#settle(end);
    this.wake();
    this.#wakeReader?.();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakers.push(resolve);
    });
  }

  #consume(length: number): void {
    this.#receivedBytes -= length;
    this.#consumedBytes += length;
    if (this.#consumedBytes < windowStep || this.#isOver) return;
    const window = Buffer.alloc(4);
    window.writeUInt32BE(this.#consumedBytes);
    this.#consumedBytes = 0;
    this.#send(frameType.window, window);
  }
}
