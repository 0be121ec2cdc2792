/**
 * Frames between our own processes: length, type, call number, payload. The peer may be a process that was taken over, so that lengths and
 * types are checked before anything is kept.
 */

/** Who sends it is in the name: the caller opens, ends its data and cancels; the callee replies. */
export const frameType = { open: 1, data: 2, end: 3, event: 4, reply: 5, cancel: 6, window: 7 } as const;

export type FrameType = (typeof frameType)[keyof typeof frameType];

export interface Frame {
  readonly type: FrameType;
  readonly call: number;
  readonly payload: Buffer;
}

const headerBytes = 9;
export const dataLimitBytes = 64 * 1024;
/** Of open, event and reply: JSON with a message's headers and recipients. */
export const valueLimitBytes = 16 << 20;

const payloadLimits: ReadonlyMap<number, number> = new Map([
  [frameType.open, valueLimitBytes],
  [frameType.data, dataLimitBytes],
  [frameType.end, 0],
  [frameType.event, valueLimitBytes],
  [frameType.reply, valueLimitBytes],
  [frameType.cancel, 0],
  [frameType.window, 4],
]);

export class ProtocolError extends Error {
  override name = 'ProtocolError';
}

export function encodeFrame(type: FrameType, call: number, payload: Uint8Array = new Uint8Array()): Buffer {
  if (payload.length > (payloadLimits.get(type) ?? 0))
    throw new ProtocolError(`a frame of type ${type} with ${payload.length} octets is too long`);
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt32BE(call, 5);
  frame.set(payload, headerBytes);
  return frame;
}

/** Cuts a stream of octets into frames, whatever its chunks are. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #needed = headerBytes;

  /** The frames that are complete now. Throws ProtocolError; nothing may be pushed afterwards. */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const frames: Frame[] = [];
    while (this.#buffered >= this.#needed) {
      const bytes = this.#joined();
      const frame = this.#next(bytes);
      if (!frame) continue;
      frames.push(frame);
    }
    return frames;
  }

  /** Octets of a frame that is not complete. */
  get pendingBytes(): number {
    return this.#buffered;
  }

  /** The next frame at the beginning of `bytes`, or undefined after its length became known. */
  #next(bytes: Buffer): Frame | undefined {
    const type = bytes.readUInt8(4);
    const length = bytes.readUInt32BE(0);
    const limit = payloadLimits.get(type);
    if (limit === undefined) throw new ProtocolError(`unknown type of frame ${type}`);
    if (length > limit) throw new ProtocolError(`a frame of type ${type} says ${length} octets`);
    const end = headerBytes + length;
    if (bytes.length < end) {
      this.#needed = end;
      return undefined;
    }
    this.#chunks = end === bytes.length ? [] : [bytes.subarray(end)];
    this.#buffered = bytes.length - end;
    this.#needed = headerBytes;
    return { type: type as FrameType, call: bytes.readUInt32BE(5), payload: bytes.subarray(headerBytes, end) }; // the type is in the table
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (only && this.#chunks.length === 1) return only;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
