/** Whether the name given in HELO or EHLO is the client's. Spec ch. 44 "ACL conditions" (verify = helo), ch. 14 "helo_verify_hosts". */

import { formatIp, parseIp } from '../../base/ip.ts';
import { lowerCase } from '../../base/octets.ts';
import type { Frame } from '../../core/index.ts';
import { lookUpSenderName } from '../../lists/host-name.ts';

/** `deferred`: not verified, and the client's name could not be looked up. */
export interface HeloVerification {
  readonly kind: 'verified' | 'failed' | 'deferred';
}

/** The result is kept in the session's origin: a literal of its address, its name by PTR, or a name that has its address. */
export async function verifyHelo(frame: Frame): Promise<HeloVerification> {
  const origin = frame.session?.state.origin;
  if (!origin) return { kind: 'failed' };
  if (origin.heloVerified !== undefined) return { kind: origin.heloVerified ? 'verified' : 'failed' };
  const verification = await compare(frame);
  if (verification.kind !== 'deferred') origin.heloVerified = verification.kind === 'verified';
  return verification;
}

async function compare(frame: Frame): Promise<HeloVerification> {
  const origin = frame.session?.state.origin;
  const helo = origin?.heloName;
  if (!origin || helo === undefined) return { kind: 'failed' };
  const address = origin.hostAddress;
  if (address === undefined) return { kind: 'verified' };
  if (helo.startsWith('[')) {
    const literal = parseIp(helo.slice(1, -1).replace(/^IPv6:/, ''));
    return { kind: literal !== undefined && formatIp(literal) === address ? 'verified' : 'failed' };
  }
  const byAddress = await lookUpSenderName(frame);
  const wanted = lowerCase(helo);
  if (byAddress.kind === 'found' && [byAddress.name, ...byAddress.aliases].some((name) => lowerCase(name) === wanted))
    return { kind: 'verified' };
  if (parseIp(helo) !== undefined) return { kind: 'failed' }; // an address without brackets is no name
  const byName = await frame.services.hosts.byName(helo, 0, frame.until);
  if (byName.kind === 'found' && byName.addresses.includes(address)) return { kind: 'verified' };
  return { kind: byAddress.kind === 'deferred' ? 'deferred' : 'failed' };
}
