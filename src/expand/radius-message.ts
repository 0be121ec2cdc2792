/** RADIUS packets of a password check: Access-Request and its answers. RFC 2865 s3, s4, s5; Message-Authenticator RFC 2869 s5.14. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { bytesFromOctets, type Octets } from '../base/octets.ts';

const ACCESS_REQUEST = 1;
const ACCESS_ACCEPT = 2;
const ACCESS_REJECT = 3;
const ACCESS_CHALLENGE = 11;
const HEADER_BYTES = 20;
const MAX_PACKET_BYTES = 4096;

const attribute = { userName: 1, userPassword: 2, nasPort: 5, serviceType: 6, nasIdentifier: 32, messageAuthenticator: 80 } as const;
const AUTHENTICATE_ONLY = 8;

export interface AccessRequest {
  readonly user: Octets;
  readonly password: Octets;
  readonly secret: Octets;
  readonly nasIdentifier: Octets;
  readonly id: number;
  /** 16 random octets. */
  readonly authenticator: Uint8Array;
}

/** Undefined when user or password are longer than a packet takes (253 and 128 octets). */
export function encodeAccessRequest(request: AccessRequest): Buffer | undefined {
  const { user, password, secret, nasIdentifier, id, authenticator } = request;
  if (user.length > 253 || password.length > 128) return undefined;
  const attributes = Buffer.concat([
    encodeAttribute(attribute.messageAuthenticator, Buffer.alloc(16)),
    encodeAttribute(attribute.userName, bytesFromOctets(user)),
    encodeAttribute(attribute.userPassword, hidePassword(password, secret, authenticator)),
    encodeAttribute(attribute.serviceType, uint32(AUTHENTICATE_ONLY)),
    encodeAttribute(attribute.nasPort, uint32(0)),
    encodeAttribute(attribute.nasIdentifier, bytesFromOctets(nasIdentifier.slice(0, 253))),
  ]);
  const packet = Buffer.concat([Buffer.from([ACCESS_REQUEST, id]), uint16(HEADER_BYTES + attributes.length), authenticator, attributes]);
  createHmac('md5', bytesFromOctets(secret))
    .update(packet)
    .digest()
    .copy(packet, HEADER_BYTES + 2);
  return packet;
}

export type RadiusAnswer = 'accept' | 'reject';

/** Undefined for what is no answer to the request, or not by a server that knows the secret. */
export function decodeAnswer(packet: Buffer, request: Pick<AccessRequest, 'id' | 'authenticator' | 'secret'>): RadiusAnswer | undefined {
  if (packet.length < HEADER_BYTES || packet.length > MAX_PACKET_BYTES || packet[1] !== request.id) return undefined;
  const length = packet.readUInt16BE(2);
  if (length < HEADER_BYTES || length > packet.length) return undefined;
  const whole = Buffer.from(packet.subarray(0, length));
  const given = Buffer.from(whole.subarray(4, HEADER_BYTES));
  whole.set(request.authenticator, 4);
  const secret = bytesFromOctets(request.secret);
  const wanted = createHash('md5').update(whole).update(secret).digest();
  if (!timingSafeEqual(given, wanted) || !isSigned(whole, secret)) return undefined;
  switch (packet[0]) {
    case ACCESS_ACCEPT:
      return 'accept';
    case ACCESS_REJECT:
    case ACCESS_CHALLENGE: // nothing could answer it
      return 'reject';
    default:
      return undefined;
  }
}

/** A Message-Authenticator must be right where there is one. `packet` has the request's authenticator. */
function isSigned(packet: Buffer, secret: Uint8Array): boolean {
  for (let at = HEADER_BYTES; at + 2 <= packet.length; ) {
    const [type = 0, length = 0] = packet.subarray(at, at + 2);
    if (length < 2 || at + length > packet.length) return false;
    if (type === attribute.messageAuthenticator) {
      if (length !== 18) return false;
      const given = Buffer.from(packet.subarray(at + 2, at + 18));
      const cleared = Buffer.from(packet);
      cleared.fill(0, at + 2, at + 18);
      if (!timingSafeEqual(given, createHmac('md5', secret).update(cleared).digest())) return false;
    }
    at += length;
  }
  return true;
}

/** RFC 2865 s5.2. */
function hidePassword(password: Octets, secret: Octets, authenticator: Uint8Array): Buffer {
  const padded = Buffer.alloc(Math.max(16, Math.ceil(password.length / 16) * 16));
  padded.write(password, 'latin1');
  let previous: Uint8Array = authenticator;
  for (let at = 0; at < padded.length; at += 16) {
    const key = createHash('md5').update(bytesFromOctets(secret)).update(previous).digest();
    for (let i = 0; i < 16; i++) padded[at + i] = (padded[at + i] ?? 0) ^ (key[i] ?? 0);
    previous = padded.subarray(at, at + 16);
  }
  return padded;
}

function encodeAttribute(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type, value.length + 2]), value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
