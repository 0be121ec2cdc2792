/** Base 64 of authentication dialogues. RFC 4648 s4: no line breaks, padding where it belongs. */
import type { Octets } from '../base/octets.ts';
import { bytesFromOctets, octetsFromBytes } from '../base/octets.ts';

const VALID = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function encodeBase64(octets: Octets): Octets {
  return bytesFromOctets(octets).toString('base64');
}

/** Undefined for what is no base 64. */
export function decodeBase64(text: Octets): Octets | undefined {
  return VALID.test(text) ? octetsFromBytes(Buffer.from(text, 'base64')) : undefined;
}
