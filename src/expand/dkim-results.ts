/** What `${authresults` says of DKIM signatures. RFC 8601 s2.7.1; spec ch. 11 "Expansion items". */
import type { Octets } from '../base/octets.ts';
import type { DkimFinding, DkimState, VerifiedSignature } from '../core/dkim.ts';

/** The result and, in a comment, its reason. */
const RESULTS: Readonly<Record<DkimFinding, readonly [result: string, reason?: string]>> = {
  pass: ['pass'],
  'not-verified': ['none'],
  'tag-missing': ['neutral', 'signature tag missing or invalid'],
  'version-unknown': ['neutral', 'unsupported DKIM version'],
  'key-unavailable': ['tmperror', 'pubkey unavailable'],
  'key-record-malformed': ['neutral', 'public key record import problem'],
  'key-malformed': ['neutral', 'public key record import problem'],
  'body-hash-differs': ['fail', 'body hash mismatch; body probably modified in transit'],
  'key-too-short': ['fail', 'public key too short: '],
  'hash-not-permitted': ['fail', 'unspecified reason'],
  'signature-wrong': ['fail', 'signature did not verify; headers probably modified in transit'],
};

/** One result for each signature. */
export function dkimResults(dkim: DkimState | undefined): Octets[] {
  return (dkim?.signatures ?? []).map((verified) => {
    const { domain, identity, selector, algorithm } = verified.signature;
    const properties = [
      ...(domain === undefined ? [] : [` header.d=${domain}`]),
      ...(identity === undefined ? [] : [` header.i=${identity}`]),
      ...(selector === undefined ? [] : [` header.s=${selector}`]),
      ` header.a=${algorithm}`,
    ];
    return `dkim=${verdictOf(verified, dkim)}${properties.join('')}`;
  });
}

function verdictOf(verified: VerifiedSignature, dkim: DkimState | undefined): Octets {
  const override = dkim?.overrides.get(verified);
  if (override !== undefined) return `policy (${override.status} - ${override.reason})`;
  const [result, reason] = RESULTS[verified.finding];
  if (reason === undefined) return result;
  return `${result} (${reason}${verified.finding === 'key-too-short' ? `${verified.keyBits} bits` : ''})\n\t\t`;
}
