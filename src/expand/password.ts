/** Compares a password with its encrypted form. Spec ch. 11 "Expansion conditions" (crypteq). */
import { createHash } from 'node:crypto';
import { bytesFromOctets, lowerCase, type Octets } from '../base/octets.ts';
import type { Frame, Judged } from '../core/frame.ts';
import { chain, chainOk, type MaybePromise } from '../core/maybe-promise.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import { judged } from './judged.ts';

/** Lengths of a digest in base64 and in hex. */
const DIGESTS: ReadonlyMap<string, { readonly base64: number; readonly hex: number }> = new Map([
  ['md5', { base64: 24, hex: 32 }],
  ['sha1', { base64: 28, hex: 40 }],
]);

/** `stored` may begin with its type in braces: md5, sha1, crypt, crypt16; without, it is for crypt. */
export function comparePassword(word: Octets, stored: Octets, frame: Frame): MaybePromise<Outcome<Judged>> {
  if (!stored.startsWith('{')) return compareCrypt(word, stored, frame);
  const [, type = '', value = ''] = /^\{([A-Za-z0-9]+)\}(.*)$/s.exec(stored) ?? [];
  const algorithm = lowerCase(type);
  const lengths = DIGESTS.get(algorithm);
  if (lengths) return judged(matchesDigest(createHash(algorithm).update(bytesFromOctets(word)).digest(), value, lengths));
  if (algorithm === 'crypt') return compareCrypt(word, value, frame);
  if (algorithm === 'crypt16') return compareCrypt16(word, value, frame);
  return fail(`unknown encryption mechanism in "${stored}"`);
}

function matchesDigest(digest: Buffer, stored: Octets, lengths: { readonly base64: number; readonly hex: number }): boolean {
  if (stored.length === lengths.base64) return digest.toString('base64') === stored;
  return stored.length === lengths.hex && digest.toString('hex') === lowerCase(stored);
}

/** An empty or too short setting is no crypt string: crypt(3) would take any password for some of them. */
function compareCrypt(word: Octets, stored: Octets, frame: Frame): MaybePromise<Outcome<Judged>> {
  if (stored.length < 2) return judged(false);
  return chain(frame.services.crypt.crypt(word, stored), (outcome) => {
    // What crypt(3) refuses, such as the `!!` of a locked account, is nobody's password
    if (outcome.kind === 'fail') return judged(false);
    return outcome.kind === 'ok' ? judged(outcome.value === stored) : outcome;
  });
}

/** Two crypts with one salt, the second of what follows the first eight octets, without its salt. */
function compareCrypt16(word: Octets, stored: Octets, frame: Frame): MaybePromise<Outcome<Judged>> {
  if (stored.length < 2) return judged(false);
  const salt = stored.slice(0, 2);
  const both = chainOk(frame.services.crypt.crypt(word.slice(0, 8), salt), (first) =>
    chainOk(frame.services.crypt.crypt(word.slice(8, 16), salt), (second) => judged(first + second.slice(2) === stored)),
  );
  return chain(both, (outcome) => (outcome.kind === 'fail' ? judged(false) : outcome));
}
