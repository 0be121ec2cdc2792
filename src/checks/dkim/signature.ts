/** DKIM-Signature: lines. RFC 6376 s3.5; RFC 8463. */
import type { Octets } from '../../base/octets.ts';
import type { DkimFinding, DkimSignature } from '../../core/index.ts';
import { decodeBase64, decodeQuotedPrintable, readTags, type Tag, tagValues, withoutSpace } from './tag-list.ts';

/** Kinds of keys and hashes, as `a=` joins them. */
export type KeyType = 'rsa' | 'ed25519';
export type HashName = 'sha1' | 'sha256' | 'sha512';

const ALGORITHMS: ReadonlyMap<Octets, readonly [KeyType, HashName]> = new Map([
  ['rsa-sha1', ['rsa', 'sha1']],
  ['rsa-sha256', ['rsa', 'sha256']],
  ['rsa-sha512', ['rsa', 'sha512']],
  ['ed25519-sha256', ['ed25519', 'sha256']],
  ['ed25519-sha512', ['ed25519', 'sha512']],
]);

export interface ReadSignature {
  readonly facts: DkimSignature;
  readonly keyType: KeyType;
  readonly hash: HashName;
  readonly bodyHash: Buffer | undefined;
  readonly value: Buffer;
  /** The names of `h=`. */
  readonly names: readonly Octets[];
  /** The line without what `b=` has: what is signed of it. */
  readonly unsignedLine: Octets;
  /** What is wrong with it, so that it is not verified. */
  readonly fault: DkimFinding | undefined;
}

/** `line`: with its name, lines ended by \n. Undefined when it names no algorithm that is known: then it is no signature for us. */
export function readSignature(line: Octets): ReadSignature | undefined {
  const colon = line.indexOf(':');
  const tags = readTags(line.slice(colon + 1));
  const values = tagValues(tags);
  const algorithm = withoutSpace(values.get('a') ?? '');
  const known = ALGORITHMS.get(algorithm);
  if (known === undefined) return undefined;
  const plain = (name: string): Octets | undefined => {
    const value = withoutSpace(values.get(name) ?? '');
    return value === '' ? undefined : value;
  };
  const [headerForm, bodyForm] = readForms(plain('c'));
  const value = decodeBase64(values.get('b') ?? '') ?? Buffer.alloc(0);
  const headerNames = plain('h');
  const facts: DkimSignature = {
    domain: plain('d'),
    selector: plain('s'),
    identity: decoded(plain('i')),
    algorithm,
    headerForm,
    bodyForm,
    bodyLength: leadingNumber(plain('l')),
    created: positive(plain('t')),
    expires: positive(plain('x')),
    headerNames,
    copiedHeaders: decoded(plain('z')),
    signatureBits: value.length * 8,
  };
  const [keyType, hash] = known;
  return {
    facts,
    keyType,
    hash,
    bodyHash: decodeBase64(values.get('bh') ?? ''),
    value,
    names: headerNames?.split(':') ?? [],
    unsignedLine: withoutSignature(line, colon + 1, tags),
    fault: faultOf(facts, plain('v')),
  };
}

function faultOf({ domain, selector, headerNames, signatureBits }: DkimSignature, version: Octets | undefined): DkimFinding | undefined {
  const isComplete =
    version !== undefined && domain !== undefined && selector !== undefined && headerNames !== undefined && signatureBits > 0;
  if (!isComplete) return 'tag-missing';
  return version === '1' ? undefined : 'version-unknown';
}

type Form = 'simple' | 'relaxed';

/** What is no canonicalization counts as simple, as in Exim. */
function readForms(value: Octets | undefined): readonly [Form, Form] {
  switch (value) {
    case 'relaxed/relaxed':
      return ['relaxed', 'relaxed'];
    case 'simple/relaxed':
      return ['simple', 'relaxed'];
    case 'relaxed':
    case 'relaxed/simple':
      return ['relaxed', 'simple'];
    default:
      return ['simple', 'simple'];
  }
}

function decoded(value: Octets | undefined): Octets | undefined {
  return value === undefined ? undefined : decodeQuotedPrintable(value);
}

/** RFC 6376 s3.5: numbers have up to 76 digits; more than can be counted is as much as can be. Undefined when it is negative or absent. */
function leadingNumber(value: Octets | undefined): number | undefined {
  if (value === undefined || value.startsWith('-')) return undefined;
  const digits = /^[0-9]{1,76}/.exec(value)?.[0];
  return digits === undefined ? 0 : Math.min(Number.parseInt(digits, 10), Number.MAX_SAFE_INTEGER);
}

/** A time; 0 is none. */
function positive(value: Octets | undefined): number | undefined {
  return leadingNumber(value) || undefined;
}

/** RFC 6376 s3.7: the signature is not signed, and white space around it is not; all else of its tag is. */
function withoutSignature(line: Octets, offset: number, tags: readonly Tag[]): Octets {
  let rest = '';
  let from = 0;
  for (const tag of tags) {
    if (tag.name !== 'b') continue;
    rest += line.slice(from, offset + tag.from);
    from = offset + tag.from + tag.value.length;
  }
  return rest + line.slice(from);
}
