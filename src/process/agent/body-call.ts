/**
 * A message's body for a transport in another process. A small one is sent with the envelope; of a large one each pass is asked for by an
 * event and arrives as data, ended by an empty frame: never a path, and never the whole of it in memory.
 */
import type { Deadline } from '../../core/deadline.ts';
import type { Body } from '../../core/message.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import type { IncomingCall, OutgoingCall } from '../channel/channel.ts';
import { ProtocolError } from '../channel/frames.ts';
import type { Fields } from '../channel/values.ts';

/** Bodies up to this are sent whole with the envelope. */
export const inlineLimitBytes = 64 * 1024;

export interface BodyFacts {
  readonly sizeBytes: number;
  readonly isInline: boolean;
  /** What `$message_body` and `$message_body_end` may show of a body that is not inline. */
  readonly head: Buffer;
  readonly tail: Buffer;
}

export function describeBody(body: Body, visibleBytes: number): Outcome<BodyFacts> {
  if (body.sizeBytes <= inlineLimitBytes)
    return ok({ sizeBytes: body.sizeBytes, isInline: true, head: Buffer.alloc(0), tail: Buffer.alloc(0) });
  const head = body.head(visibleBytes);
  if (head.kind !== 'ok') return head;
  const tail = body.tail(visibleBytes);
  if (tail.kind !== 'ok') return tail;
  return ok({ sizeBytes: body.sizeBytes, isInline: false, head: head.value, tail: tail.value });
}

export function decodeBodyFacts(fields: Fields): BodyFacts {
  const facts = {
    sizeBytes: fields.number('sizeBytes'),
    isInline: fields.boolean('isInline'),
    head: fields.bytes('head'),
    tail: fields.bytes('tail'),
  };
  if (facts.isInline && facts.sizeBytes > inlineLimitBytes) throw new ProtocolError('an inline body that is too large');
  return facts;
}

/** The whole of a small body. */
export async function wholeBody(body: Body, until: Deadline): Promise<Buffer> {
  if (body.bytes) return body.bytes;
  const chunks: Buffer[] = [];
  for await (const chunk of body.chunks(until)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** One pass over a large body. False when the call is over. */
export async function sendBody(call: OutgoingCall, body: Body, until: Deadline): Promise<boolean> {
  for await (const chunk of body.chunks(until)) {
    if (chunk.length > 0 && !(await call.write(chunk))) return false;
  }
  return endPass(call);
}

export function endPass(call: OutgoingCall): Promise<boolean> {
  return call.write(new Uint8Array());
}

/** The event that asks for a pass. */
export const passWanted: { readonly want: string } = { want: 'body' };

/** One pass as a whole; throws when it is longer than `limitBytes`. */
export async function readPass(input: AsyncIterator<Buffer>, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of passOf(input)) {
    length += chunk.length;
    if (length > limitBytes) throw new ProtocolError('more data than there may be');
    chunks.push(chunk);
  }
  const [only] = chunks;
  return only && chunks.length === 1 ? only : Buffer.concat(chunks);
}

/** An inline body is what came with the envelope; of another, passes are fetched when they are read. */
export function receivedBody(call: IncomingCall, input: AsyncIterator<Buffer>, facts: BodyFacts, inline: Buffer): Body {
  if (inline.length !== (facts.isInline ? facts.sizeBytes : 0)) throw new ProtocolError('a body that is not as long as was said');
  return facts.isInline ? new HeldBody(inline) : new FetchedBody(call, input, facts);
}

/** The chunks up to the empty one; throws when the call ends before. */
async function* passOf(input: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  for (;;) {
    const next = await input.next();
    if (next.done) throw new ProtocolError('the call ended within a pass');
    if (next.value.length === 0) return;
    yield next.value;
  }
}

/** In memory. */
class HeldBody implements Body {
  readonly bytes: Buffer;
  readonly sizeBytes: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.sizeBytes = bytes.length;
  }

  head(limitBytes: number): Outcome<Buffer> {
    return ok(this.bytes.subarray(0, limitBytes));
  }

  tail(limitBytes: number): Outcome<Buffer> {
    return ok(this.bytes.subarray(Math.max(0, this.bytes.length - limitBytes)));
  }

  async *chunks(): AsyncIterable<Buffer> {
    if (this.bytes.length > 0) yield this.bytes;
  }
}

/** Fetched anew for each pass; passes follow one another. */
class FetchedBody implements Body {
  readonly bytes = undefined;
  readonly sizeBytes: number;
  readonly #call: IncomingCall;
  readonly #input: AsyncIterator<Buffer>;
  readonly #facts: BodyFacts;
  /** The pass before this one has been read to its end. */
  #previous: Promise<void> = Promise.resolve();

  constructor(call: IncomingCall, input: AsyncIterator<Buffer>, facts: BodyFacts) {
    this.#call = call;
    this.#input = input;
    this.#facts = facts;
    this.sizeBytes = facts.sizeBytes;
  }

  head(limitBytes: number): Outcome<Buffer> {
    return this.#visible(this.#facts.head, limitBytes, (part) => part.subarray(0, limitBytes));
  }

  tail(limitBytes: number): Outcome<Buffer> {
    return this.#visible(this.#facts.tail, limitBytes, (part) => part.subarray(Math.max(0, part.length - limitBytes)));
  }

  async *chunks(until: Deadline): AsyncIterable<Buffer> {
    const previous = this.#previous;
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    this.#previous = finished;
    await previous;
    this.#call.sendEvent(passWanted);
    const pass = passOf(this.#input);
    let isWhole = false;
    try {
      for (;;) {
        if (until.signal.aborted) throw new Error('the time for reading the message is over');
        const next = await pass.next();
        if (next.done) break;
        yield next.value;
      }
      isWhole = true;
    } finally {
      // what the reader left is taken out of the way of the next pass
      if (isWhole) finish();
      else void drain(pass).then(finish, finish);
    }
  }

  #visible(part: Buffer, limitBytes: number, cut: (part: Buffer) => Buffer): Outcome<Buffer> {
    if (part.length >= Math.min(limitBytes, this.sizeBytes)) return ok(cut(part));
    return fail(`only ${part.length} octets of the message body are visible here`);
  }
}

async function drain(pass: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of pass);
}
