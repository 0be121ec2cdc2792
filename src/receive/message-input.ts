/**
 * Reads a message: header lines into memory, the body into the store's sink, whatever it comes from (DATA, BDAT, standard input).
 * What is refused on the way (too big, too long a header) is read to its end, so that the client gets its answer. Spec ch. 14 "header_maxsize".
 */
import { GrowingBuffer } from '../base/growing-buffer.ts';
import type { Octets } from '../base/octets.ts';
import { octetsFromBytes, trimSpace } from '../base/octets.ts';
import type { HeaderLine, MessageSink, ReadResult } from '../core/index.ts';
import { headerName, makeHeader } from '../message/header.ts';
import type { DataDecoder } from '../smtp/data-decoder.ts';

/** Where octets come from: a line reader or standard input. */
export interface OctetSource {
  read(): Promise<ReadResult>;
  /** Takes back what was not used. */
  unread(rest: Buffer): void;
}

export interface InputLimits {
  /** 0: none. Octets of the message with \n line ends. */
  readonly messageBytes: number;
  readonly headerBytes: number;
  /** 0: none. */
  readonly headerLineBytes: number;
  /** Nothing more is read once a message is too big: for input that needs no answer. */
  readonly stopsWhenTooBig?: boolean;
  /** Whether a line before the headers is a UUCP `From ` line, which is taken off and reported; undefined: none is. */
  readonly isFromLine?: ((line: Octets) => boolean) | undefined;
}

export interface ReadMessage {
  readonly headers: HeaderLine[];
  /** The line `From …` that was taken off; of several the last one. */
  readonly fromLine: Octets | undefined;
  /** Octets, headers included. */
  readonly sizeBytes: number;
  readonly bodyLineCount: number;
  readonly bodyZeroCount: number;
  readonly maxLineLength: number;
  readonly hasBareLineEnd: boolean;
}

/** Where the input was when it broke off; `after-header`: behind a whole header line, where the header could have ended. */
export type InputPosition = 'header' | 'after-header' | 'body';

export type MessageReading =
  | { readonly kind: 'ok'; readonly message: ReadMessage }
  | { readonly kind: 'too-big'; readonly sizeBytes: number; readonly limitBytes: number; readonly headers: HeaderLine[] }
  /** `text`: the header as far as it was read. */
  | { readonly kind: 'header-too-big' | 'header-line-too-long'; readonly text: Octets }
  /** The peer went away or was silent. */
  | { readonly kind: 'end' | 'timeout'; readonly position: InputPosition }
  | { readonly kind: 'error'; readonly position: InputPosition; readonly reason: Octets }
  | { readonly kind: 'store'; readonly reason: Octets };

/** Sees the body while it is read, as it will be stored. */
export interface BodyObserver {
  push(octets: Buffer): void;
}

/** Asked when the header has been read; `isUnended`: no empty line ended it, but one that is no header line. */
export type ObserveBody = (headers: readonly HeaderLine[], isUnended: boolean) => BodyObserver | undefined;

const DEFAULT_HEADER_LIMIT = 1024 * 1024;

/** Reads until the decoder finds the end, or to the end of the input for a framing without one (`endIsNormal`). */
export async function readMessage(
  source: OctetSource,
  decoder: DataDecoder,
  sink: MessageSink,
  limits: InputLimits,
  endIsNormal: boolean,
  observe?: ObserveBody,
): Promise<MessageReading> {
  const receiver = new MessageReceiver(sink, limits, observe);
  for (;;) {
    const result = await source.read();
    if (result.kind !== 'data') {
      if (result.kind !== 'end' || !endIsNormal) return receiver.brokenOff(result);
      await receiver.take(decoder.finish());
      break;
    }
    const step = decoder.push(result.bytes);
    await receiver.take(step.output);
    if (limits.stopsWhenTooBig === true && receiver.isTooBig) return receiver.tooBig();
    if (step.rest) {
      source.unread(step.rest);
      break;
    }
  }
  return receiver.finish(decoder);
}

/** Takes decoded octets: header lines until the header ends, then body. */
export class MessageReceiver {
  readonly #sink: MessageSink;
  readonly #limits: InputLimits;
  readonly #headers: HeaderCollector;
  readonly #observe: ObserveBody | undefined;
  #observer: BodyObserver | undefined;
  #body = false;
  #failure: Exclude<MessageReading, { kind: 'ok' | 'too-big' }> | undefined;
  #size = 0;
  #headerSize = 0;
  #lines = 0;
  #zeros = 0;
  #endsWithNewline = true;

  constructor(sink: MessageSink, limits: InputLimits, observe?: ObserveBody) {
    this.#sink = sink;
    this.#limits = limits;
    this.#observe = observe;
    this.#headers = new HeaderCollector({ ...limits, headerBytes: limits.headerBytes || DEFAULT_HEADER_LIMIT });
  }

  /** Header lines that are complete. */
  get headers(): readonly HeaderLine[] {
    return this.#headers.lines;
  }

  /** No blank line ended the header, but one that is no header line. */
  get isHeaderUnended(): boolean {
    return this.#headers.isUnended;
  }

  /** Of what was taken. */
  get sizeBytes(): number {
    return this.#size;
  }

  /** The header has come to its end. */
  get isInBody(): boolean {
    return this.#body;
  }

  /** Octets behind the first one of the body that was too many; undefined: there was none. */
  get excessBytes(): number | undefined {
    const { messageBytes } = this.#limits;
    const last = Math.max(messageBytes, this.#headerSize) + 1;
    return messageBytes > 0 && this.#body && this.#size >= last ? this.#size - last : undefined;
  }

  get isTooBig(): boolean {
    return this.#limits.messageBytes > 0 && this.#size > this.#limits.messageBytes;
  }

  /** When reading stopped there, the rest was not counted: one octet over the limit is known. */
  tooBig(readBytes = this.#size): MessageReading {
    const sizeBytes = this.#limits.stopsWhenTooBig === true ? this.#limits.messageBytes + 1 : readBytes;
    return { kind: 'too-big', sizeBytes, limitBytes: this.#limits.messageBytes, headers: this.#headers.lines };
  }

  /** The peer went away, or was silent. */
  brokenOff(result: Exclude<ReadResult, { kind: 'data' }>): MessageReading {
    const position = this.#positionAt(result.kind);
    return result.kind === 'error' ? { kind: 'error', position, reason: result.reason } : { kind: result.kind, position };
  }

  /** Who is silent behind the line that ends the header, and is none of it, might still have gone on with that line. */
  #positionAt(kind: 'end' | 'timeout' | 'error'): InputPosition {
    if (this.#body)
      return kind === 'timeout' && this.isHeaderUnended && this.#lines === 1 && this.#endsWithNewline ? 'after-header' : 'body';
    return this.#headers.isBehindLine ? 'after-header' : 'header';
  }

  async take(octets: Buffer): Promise<void> {
    this.#size += octets.length;
    if (octets.length === 0 || this.#failure) return;
    if (this.#body) return this.#takeBody(octets);
    const step = this.#headers.push(octets);
    if (step.kind === 'more') return;
    if (step.kind !== 'end') {
      this.#failure = { kind: step.kind, text: this.#headers.text() };
      return;
    }
    this.#headerSize = this.#size - step.rest.length;
    this.#beginBody();
    await this.#takeBody(step.rest);
  }

  async finish(decoder: DataDecoder): Promise<MessageReading> {
    if (!this.#body && !this.#failure) {
      const rest = this.#headers.finish();
      this.#beginBody();
      await this.#takeBody(rest);
    }
    if (this.#failure) return this.#failure;
    if (!this.#endsWithNewline) {
      await this.#takeBody(Buffer.from('\n'));
      this.#size++;
    }
    if (this.#failure) return this.#failure;
    if (this.isTooBig) return this.tooBig();
    return {
      kind: 'ok',
      message: {
        headers: this.#headers.lines,
        fromLine: this.#headers.fromLine,
        sizeBytes: this.#size,
        bodyLineCount: this.#lines,
        bodyZeroCount: this.#zeros,
        maxLineLength: decoder.maxLineLength,
        hasBareLineEnd: decoder.hasBareLineEnd,
      },
    };
  }

  #beginBody(): void {
    this.#body = true;
    this.#observer = this.#observe?.(this.#headers.lines, this.#headers.isUnended);
  }

  async #takeBody(octets: Buffer): Promise<void> {
    if (octets.length === 0) return;
    this.#endsWithNewline = octets[octets.length - 1] === 0x0a;
    for (let at = octets.indexOf(0x0a); at >= 0; at = octets.indexOf(0x0a, at + 1)) this.#lines++;
    for (let at = octets.indexOf(0); at >= 0; at = octets.indexOf(0, at + 1)) this.#zeros++;
    if (this.isTooBig) return; // it will be refused: nothing more is kept
    this.#observer?.push(octets);
    const written = await this.#sink.write(octets);
    if (written.kind === 'error') this.#failure = { kind: 'store', reason: written.reason };
  }
}

type HeaderStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'end'; readonly rest: Buffer }
  | { readonly kind: 'header-too-big' | 'header-line-too-long' };

/** Cuts header lines from octets with \n line ends. A blank line ends them, and a line that is no header begins the body. */
class HeaderCollector {
  readonly lines: HeaderLine[] = [];
  fromLine: Octets | undefined;
  readonly #limits: InputLimits;
  #parts: Octets[] = [];
  #partsLength = 0;
  /** A line that has no end yet. */
  readonly #pending = new GrowingBuffer();
  #size = 0;
  /** A line that is no header line ended the header. */
  isUnended = false;
  #mayBeFromLine: boolean;

  constructor(limits: InputLimits) {
    this.#limits = limits;
    this.#mayBeFromLine = limits.isFromLine !== undefined;
  }

  /** What was read; no more than a header may have, but for the line that is too long. */
  text(): Octets {
    const whole = `${this.lines.map((line) => line.text).join('')}${this.#parts.join('')}${octetsFromBytes(this.#pending.take())}`;
    return whole.slice(0, this.#limits.headerBytes);
  }

  get isBehindLine(): boolean {
    return this.#parts.length > 0 && this.#pending.length === 0;
  }

  push(octets: Buffer): HeaderStep {
    const step = octets.includes(0x0a) ? this.#pushLines(octets) : this.#pending.append(octets);
    if (step !== undefined) return step;
    if (this.#size + this.#pending.length > this.#limits.headerBytes) return { kind: 'header-too-big' };
    if (this.#limits.headerLineBytes > 0 && this.#partsLength + this.#pending.length > this.#limits.headerLineBytes)
      return { kind: 'header-line-too-long' };
    return { kind: 'more' };
  }

  #pushLines(octets: Buffer): HeaderStep | undefined {
    const begun = this.#pending.take();
    const data = begun.length === 0 ? octets : Buffer.concat([begun, octets]);
    let from = 0;
    for (let end = data.indexOf(0x0a, begun.length); end >= 0; end = data.indexOf(0x0a, from)) {
      const step = this.#line(data, from, end + 1);
      if (step !== undefined) return step;
      from = end + 1;
    }
    this.#pending.append(data.subarray(from));
    return undefined;
  }

  /** The input ended before the header did: a last line without newline is a header line when it looks like one. */
  finish(): Buffer {
    const rest = this.#pending.take();
    if (rest.length > 0) {
      const step = this.#line(Buffer.concat([rest, Buffer.from('\n')]), 0, rest.length + 1);
      if (step?.kind === 'end') return rest;
    }
    this.#endHeader();
    return Buffer.alloc(0);
  }

  #line(data: Buffer, from: number, to: number): HeaderStep | undefined {
    if (data[from] === 0x0a) return this.#end(data.subarray(to));
    const line = octetsFromBytes(data.subarray(from, to)).replaceAll('\0', '?'); // -H has no place for octet zero
    if (this.#mayBeFromLine) {
      this.#mayBeFromLine = this.#limits.isFromLine?.(line) === true;
      if (this.#mayBeFromLine) {
        this.fromLine = line;
        return undefined;
      }
    }
    if ((line[0] === ' ' || line[0] === '\t') && this.#parts.length > 0) this.#add(line);
    else if (headerName(line) === undefined) {
      this.isUnended = true;
      return this.#end(data.subarray(from));
    } else {
      this.#endHeader();
      this.#add(line);
    }
    if (this.#size > this.#limits.headerBytes) return { kind: 'header-too-big' };
    if (this.#limits.headerLineBytes > 0 && this.#partsLength > this.#limits.headerLineBytes) return { kind: 'header-line-too-long' };
    return undefined;
  }

  #add(line: Octets): void {
    this.#parts.push(line);
    this.#partsLength += line.length;
    this.#size += line.length;
  }

  /** Blank lines at the end of a folded one are dropped, as Exim does. */
  #endHeader(): void {
    while (this.#parts.length > 1 && trimSpace(this.#parts.at(-1) ?? '') === '') this.#parts.pop();
    if (this.#parts.length > 0) this.lines.push(makeHeader(this.#parts.join('')));
    this.#parts = [];
    this.#partsLength = 0;
  }

  #end(rest: Buffer): HeaderStep {
    this.#endHeader();
    return { kind: 'end', rest };
  }
}
