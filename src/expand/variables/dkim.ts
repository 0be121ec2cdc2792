/** Variables of the ACL for DKIM signatures, which keep their values in those behind it. Spec ch. 58 "Verifying DKIM signatures in incoming mail". */
import type { Octets } from '../../base/octets.ts';
import type { VariableDefinition } from '../../core/define/variable.ts';
import { DKIM_FINDINGS, type DkimState, dkimSigners, type VerifiedSignature } from '../../core/dkim.ts';
import type { Frame } from '../../core/frame.ts';
import { tainted, untainted } from '../../core/text.ts';
import { flagVariable, numberVariable, octetsVariable, remoteVariable, variable } from '../reading.ts';

/** Where Exim has no value: more than any time or length. */
const NO_LIMIT = 9_999_999_999_999;

export default [
  remoteVariable('dkim_cur_signer', 'The signer that is being evaluated.', (frame) => dkimOf(frame)?.signer),
  remoteVariable('dkim_signers', 'Domains and identities of the signatures.', (frame) => {
    const dkim = dkimOf(frame);
    return dkim === undefined ? undefined : dkimSigners(dkim);
  }),
  wordVariable(
    'dkim_verify_status',
    'What verification gave, or what an ACL set: `none`, `invalid`, `fail` or `pass`.',
    (frame) => dkimOf(frame)?.status,
  ),
  wordVariable('dkim_verify_reason', 'Why verification failed.', (frame) => dkimOf(frame)?.reason),
  ofLast('dkim_domain', 'The domain of the signature.', ({ domain }) => domain),
  ofLast('dkim_selector', 'The selector of the signature.', ({ selector }) => selector),
  numberVariable('dkim_key_length', 'The bits of the key.', (frame) => lastOf(frame)?.keyBits),
  ofCurrent('dkim_identity', 'The identity of the signature.', ({ identity }) => identity),
  octetsVariable('dkim_algo', 'The algorithm of the signature.', (frame) => currentOf(frame)?.signature.algorithm),
  octetsVariable('dkim_canon_body', 'The canonicalization of the body.', (frame) => currentOf(frame)?.signature.bodyForm),
  octetsVariable('dkim_canon_headers', 'The canonicalization of the headers.', (frame) => currentOf(frame)?.signature.headerForm),
  ofCurrent('dkim_copiedheaders', 'The headers copied into the signature.', ({ copiedHeaders }) => copiedHeaders),
  ofCurrent('dkim_headernames', 'The headers that are signed.', ({ headerNames }) => headerNames),
  numberVariable('dkim_bodylength', 'How much of the body is signed.', (frame) => currentOf(frame)?.signature.bodyLength, NO_LIMIT),
  numberVariable('dkim_created', 'When the signature was made.', (frame) => currentOf(frame)?.signature.created),
  numberVariable('dkim_expires', 'When the signature expires.', (frame) => currentOf(frame)?.signature.expires, NO_LIMIT),
  flagVariable('dkim_key_testing', 'The key is for tests.', (frame) => currentOf(frame)?.key?.isTesting),
  flagVariable('dkim_key_nosubdomains', 'The key is not for subdomains.', (frame) => currentOf(frame)?.key?.forbidsSubdomains),
  wordVariable('dkim_key_srvtype', 'The service type of the key.', (frame) => currentOf(frame)?.key?.serviceType ?? '*'),
  wordVariable('dkim_key_granularity', 'The granularity of the key.', (frame) => currentOf(frame)?.key?.granularity ?? '*'),
  remoteVariable('dkim_key_notes', 'Notes of the key.', (frame) => currentOf(frame)?.key?.notes),
];

function dkimOf(frame: Frame): DkimState | undefined {
  return frame.transaction?.state.dkim;
}

function currentOf(frame: Frame): VerifiedSignature | undefined {
  return dkimOf(frame)?.current;
}

/** For a signer without a signature these stay as the one before had them, as in Exim. */
function lastOf(frame: Frame): VerifiedSignature | undefined {
  return dkimOf(frame)?.last;
}

/** A list of words that are ours; what else an ACL or a key record makes of it is as foreign as they are. */
function wordVariable(name: string, summary: string, read: (frame: Frame) => Octets | undefined): VariableDefinition {
  return variable(name, summary, (frame) => {
    const words = read(frame);
    if (words === undefined) return undefined;
    return words.split(':').every((word) => OWN_WORDS.has(word)) ? untainted(words) : tainted(words);
  });
}

const OWN_WORDS: ReadonlySet<Octets> = new Set(['*', ...Object.values(DKIM_FINDINGS).flat()]);

type Read = (signature: VerifiedSignature['signature']) => Octets | undefined;

function ofCurrent(name: string, summary: string, read: Read): VariableDefinition {
  return remoteVariable(name, summary, (frame) => {
    const current = currentOf(frame);
    return current === undefined ? undefined : read(current.signature);
  });
}

function ofLast(name: string, summary: string, read: Read): VariableDefinition {
  return remoteVariable(name, summary, (frame) => {
    const last = lastOf(frame);
    return last === undefined ? undefined : read(last.signature);
  });
}
