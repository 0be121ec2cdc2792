/** What is told of DKIM signatures (`log_selector = +dkim_verbose`). Spec ch. 58 "DKIM". */
import { type Octets, printable } from '../../base/octets.ts';
import type { DkimFinding, DkimOverride, DkimSignature, VerifiedSignature } from '../../core/index.ts';

const WORDS: Readonly<Record<DkimFinding, string>> = {
  pass: 'verification succeeded',
  'not-verified': 'not verified',
  'tag-missing': 'invalid - signature tag missing or invalid',
  'version-unknown': 'invalid - unsupported DKIM version',
  'key-unavailable': 'invalid - public key record (currently?) unavailable',
  'key-record-malformed': 'invalid - syntax error in public key record',
  'key-malformed': 'invalid - syntax error in public key record',
  'body-hash-differs': 'verification failed - body hash mismatch (body probably modified in transit)',
  'key-too-short': 'verification failed - signature invalid (key too short)',
  'hash-not-permitted': 'verification failed - unspecified reason',
  'signature-wrong': 'verification failed - signature did not verify (headers probably modified in transit)',
};

/** `DKIM: d=test.ex s=sel c=relaxed/relaxed a=rsa-sha256 b=1024 [verification succeeded]`. `override`: what an ACL says of it. */
export function dkimLine(signature: DkimSignature, finding: DkimFinding, override: DkimOverride | undefined): Octets {
  const { identity, created, expires, bodyLength } = signature;
  const words = override === undefined ? WORDS[finding] : `${override.status} - ${override.reason}`;
  const tags = [
    `d=${signature.domain ?? '<UNSET>'}`,
    `s=${signature.selector ?? '<UNSET>'}`,
    `c=${signature.headerForm}/${signature.bodyForm}`,
    `a=${signature.algorithm}`,
    `b=${signature.signatureBits}`,
    ...(identity === undefined ? [] : [`i=${identity}`]),
    ...(created === undefined ? [] : [`t=${created}`]),
    ...(expires === undefined ? [] : [`x=${expires}`]),
    ...(bodyLength === undefined ? [] : [`l=${bodyLength}`]),
  ];
  return printable(`DKIM: ${tags.join(' ')} [${words}]`);
}

/** What OpenSSL or GnuTLS says, in the words of the latter: they stand in the logs of most Exims. */
const CRYPTO_WORDS: ReadonlyMap<DkimFinding, string> = new Map([
  ['key-malformed', 'ASN1 parser: Error in TAG.'],
  ['signature-wrong', 'Public key signature verification has failed.'],
]);

const WITHOUT_KEY: ReadonlySet<DkimFinding> = new Set(['key-unavailable', 'key-record-malformed', 'key-malformed']);

/** Lines that are written whether or not `dkim_verbose` is set: keys that could not be used, and the last failure when no signature is good. */
export function dkimProblemLines(signatures: readonly VerifiedSignature[]): Octets[] {
  const lines = signatures
    .filter(({ finding }) => WITHOUT_KEY.has(finding))
    .map(({ signature }) => printable(`DKIM: d=${signature.domain ?? ''} s=${signature.selector ?? ''} [failed key import]`));
  const failure = signatures.map(({ finding }) => CRYPTO_WORDS.get(finding)).findLast((words) => words !== undefined);
  const isAnyGood = signatures.some(({ finding }) => finding === 'pass');
  return failure === undefined || isAnyGood ? lines : [...lines, `DKIM: validation error: ${failure}`];
}
