/** Bounce address tags: `prvs=KDDDSSSSSS=local@domain`, K a key number, D the day they end, S a code. draft-levine-smtp-batv s3. */
import { createHmac } from 'node:crypto';
import { bytesFromOctets, type Octets } from '../base/octets.ts';

const DAY_MS = 86_400_000;
/** How long a tag is valid. */
const VALID_DAYS = 7;

export interface TaggedAddress {
  readonly address: Octets;
  readonly keyNumber: Octets;
  readonly day: Octets;
  readonly code: Octets;
}

/** The last three digits of the day that is `VALID_DAYS` after `nowMs`. */
export function endDay(nowMs: number): Octets {
  return String((Math.trunc(nowMs / DAY_MS) + VALID_DAYS) % 1000).padStart(3, '0');
}

/** Six hex digits. */
export function tagCode(address: Octets, secret: Octets, keyNumber: Octets, day: Octets): Octets {
  return createHmac('sha1', bytesFromOctets(secret))
    .update(bytesFromOctets(keyNumber + day + address))
    .digest('hex')
    .slice(0, 6);
}

export function parseTagged(address: Octets): TaggedAddress | undefined {
  const match = /^prvs=([0-9])([0-9]{3})([A-Fa-f0-9]{6})=(.+)@(.+)$/s.exec(address);
  if (!match) return undefined;
  const [, keyNumber = '', day = '', code = '', localPart = '', domain = ''] = match;
  return { address: `${localPart}@${domain}`, keyNumber, day, code };
}

/** Whether the day is not over; days are counted modulo 1000. */
export function isTagCurrent(day: Octets, nowMs: number): boolean {
  const today = Math.trunc(nowMs / DAY_MS) % 1000;
  const left = (Number.parseInt(day, 10) - today + 1000) % 1000;
  return left <= VALID_DAYS;
}
