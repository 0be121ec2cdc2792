/** Key records: TXT records of `selector._domainkey.domain`. RFC 6376 s3.6.1; RFC 8463 s4. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Octets } from '../../base/octets.ts';
import type { DkimKeyFacts } from '../../core/index.ts';
import type { KeyType } from './signature.ts';
import { decodeBase64, decodeQuotedPrintable, readTags, tagValues, withoutSpace } from './tag-list.ts';

export interface KeyRecord {
  readonly facts: DkimKeyFacts;
  /** `p=`; empty: the key is revoked. */
  readonly key: Buffer;
  /** `h=`; undefined: all. */
  readonly hashes: readonly Octets[] | undefined;
}

/** `strings`: of one TXT record. Undefined when it is none that can hold a key for mail. */
export function readKeyRecord(strings: readonly Octets[]): KeyRecord | undefined {
  const values = tagValues(readTags(strings.join('')));
  const list = (name: string): Octets[] | undefined => values.get(name)?.split(':').map(withoutSpace);
  const version = values.get('v');
  if (version !== undefined && version !== 'DKIM1') return undefined;
  const encoded = values.get('p');
  if (encoded === undefined) return undefined;
  const key = encoded === '' ? Buffer.alloc(0) : decodeBase64(encoded);
  if (key === undefined) return undefined;
  const services = list('s') ?? ['*'];
  if (!services.includes('*') && !services.includes('email')) return undefined;
  const flags = list('t') ?? [];
  return {
    facts: {
      isTesting: flags.includes('y'),
      forbidsSubdomains: flags.includes('s'),
      serviceType: withoutSpace(values.get('s') ?? '*'),
      granularity: values.get('g') ?? '*',
      notes: decodeQuotedPrintable(values.get('n') ?? ''),
    },
    key,
    hashes: list('h'),
  };
}

/** Before the 32 octets of a key: RFC 8410 s4. */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface PublicKey {
  readonly key: KeyObject;
  readonly bits: number;
}

/** A key for mail is a few hundred octets; what is longer would only cost time. */
const MAX_KEY_OCTETS = 4096;

/** Undefined when it is no key of that kind. RSA keys may stand there with or without their algorithm's name, Ed25519 keys too. */
export function importKey(octets: Buffer, type: KeyType): PublicKey | undefined {
  if (octets.length === 0 || octets.length > MAX_KEY_OCTETS) return undefined;
  const candidates =
    type === 'ed25519'
      ? [
          () =>
            createPublicKey({ key: octets.length === 32 ? Buffer.concat([ED25519_PREFIX, octets]) : octets, format: 'der', type: 'spki' }),
        ]
      : [
          () => createPublicKey({ key: octets, format: 'der', type: 'spki' }),
          () => createPublicKey({ key: octets, format: 'der', type: 'pkcs1' }),
        ];
  for (const make of candidates) {
    const key = attempt(make);
    if (key?.asymmetricKeyType === type)
      return { key, bits: type === 'ed25519' ? ED25519_BITS : (key.asymmetricKeyDetails?.modulusLength ?? 0) };
  }
  return undefined;
}

/** As OpenSSL counts them. */
const ED25519_BITS = 253;

/** Node's crypto throws for what is no key. */
function attempt(make: () => KeyObject): KeyObject | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
