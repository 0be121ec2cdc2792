/** Sender rewriting: `SRS0=hash=time=domain=local@here`. Spec ch. 58 "SRS (Sender Rewriting Scheme)". */
import { createHmac } from 'node:crypto';
import { bytesFromOctets, lowerCase, type Octets } from '../base/octets.ts';
import { domainOf, localPartOf } from '../message/address.ts';

const DAY_MS = 86_400_000;
const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';
/** Days are counted modulo this: two digits. */
const CYCLE = 1024;
const VALID_DAYS = 10;

/** Octets that stand in a local part without quotes. RFC 5321 s4.1.2. */
const PLAIN = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]*$/;

/** `text` holds the sender's address, as the hash counts it; the new address is for a message that came for `domain`. */
export function encodeSrs(secret: Octets, text: Octets, sender: Octets, domain: Octets, nowMs: number): Octets {
  const localPart = localPartOf(sender);
  const senderDomain = domainOf(sender);
  const isQuoted = localPart.length > 1 && localPart.startsWith('"') && localPart.endsWith('"');
  const inner = isQuoted ? localPart.slice(1, -1) : localPart;
  const encoded = `SRS0=${hashOf(secret, text)}=${dayStamp(nowMs)}=${senderDomain}=${inner}`;
  return `${isQuoted ? `"${encoded}"` : encoded}@${domain}`;
}

/** The sender, in lower case, in an encoded local part without quotes; undefined when it is none. An empty secret takes every hash and time. */
export function decodeSrs(localPart: Octets, secret: Octets, nowMs: number): Octets | undefined {
  const match = /^srs0=[^=]+=([a-z2-7]{2})=([^=]*)=(.*)$/s.exec(lowerCase(localPart));
  if (!match) return undefined;
  const [, stamp = '', domain = '', local = ''] = match;
  const [, hash] = localPart.split('=', 2);
  const address = `${PLAIN.test(localPart) ? local : `"${local}"`}@${domain}`;
  if (secret === '') return address;
  return isCurrent(stamp, nowMs) && hashOf(secret, address) === hash ? address : undefined;
}

function hashOf(secret: Octets, address: Octets): Octets {
  return createHmac('md5', bytesFromOctets(secret))
    .update(bytesFromOctets(lowerCase(address)))
    .digest('hex')
    .slice(0, 4);
}

function dayNumber(nowMs: number): number {
  return Math.trunc(nowMs / DAY_MS) % CYCLE;
}

function dayStamp(nowMs: number): Octets {
  const day = dayNumber(nowMs);
  return (DIGITS[day >> 5] ?? '') + (DIGITS[day & 31] ?? '');
}

function isCurrent(stamp: Octets, nowMs: number): boolean {
  const day = DIGITS.indexOf(stamp.charAt(0)) * DIGITS.length + DIGITS.indexOf(stamp.charAt(1));
  return (dayNumber(nowMs) - day + CYCLE) % CYCLE <= VALID_DAYS;
}
