/**
 * Verifies the DKIM signatures of one message while it is received: bodies are hashed as they come, keys are asked for meanwhile, and what is left
 * for the end is a comparison and one public key operation for each signature. RFC 6376 s6.1; RFC 8463; spec ch. 58 "Verifying DKIM signatures in
 * incoming mail".
 */
import { createHash, type KeyObject, verify } from 'node:crypto';
import { parseList } from '../../base/list-text.ts';
import { bytesFromOctets, equalsIgnoreCase, lowerCase, type Octets, parseDecimal, trimSpace } from '../../base/octets.ts';
import type { DkimFinding, DkimSignature, DnsAnswer, HeaderLine, MainOptions, MaybePromise, VerifiedSignature } from '../../core/index.ts';
import { domainToAlabel } from '../../expand/alabel.ts';
import { headerName } from '../../message/header.ts';
import { BodyHashes, type WantedHash } from './body-hashes.ts';
import { canonicalHeader } from './canonicalization.ts';
import { importKey, type KeyRecord, type PublicKey, readKeyRecord } from './key-record.ts';
import { type KeyType, type ReadSignature, readSignature } from './signature.ts';

export type DkimOptions = Pick<
  MainOptions,
  'dkim_verify_hashes' | 'dkim_verify_keytypes' | 'dkim_verify_min_keysizes' | 'dkim_verify_minimal'
>;

/** Asks for TXT records. */
export type KeyLookup = (name: Octets) => MaybePromise<DnsAnswer>;

export type Verification =
  | { readonly kind: 'verified'; readonly signatures: readonly VerifiedSignature[] }
  /** A message that is made to cost too much: nothing is said of its signatures. */
  | { readonly kind: 'unusable'; readonly reason: 'EXCESS_SIGS' | 'LONG_LINE' };

/** With one more, whatever kinds they are, none is verified, as in Exim. */
const MAX_SIGNATURES = 19;

interface Pending {
  readonly read: ReadSignature;
  /** Undefined where no key is wanted. */
  readonly answer: MaybePromise<DnsAnswer> | undefined;
}

/** How one signature ended. */
type Judgement = Omit<VerifiedSignature, 'signature'>;

/** Where no key was used. */
function unused(finding: DkimFinding): Judgement {
  return { finding, key: undefined, keyBits: 0 };
}

export class DkimVerifier {
  readonly #headers: readonly HeaderLine[];
  readonly #options: DkimOptions;
  readonly #hashes: BodyHashes;
  readonly #pending: readonly Pending[];
  #linesByName: ReadonlyMap<Octets, readonly Octets[]> | undefined;
  /** It has so many signatures that none is verified. */
  readonly isExcessive: boolean;

  private constructor(
    headers: readonly HeaderLine[],
    signatures: readonly ReadSignature[] | 'too-many',
    options: DkimOptions,
    lookup: KeyLookup,
  ) {
    this.#headers = headers;
    this.#options = options;
    this.isExcessive = signatures === 'too-many';
    const taken = signatures === 'too-many' ? [] : signatures;
    this.#hashes = new BodyHashes(taken.filter(({ fault }) => fault === undefined).map(wantedHash));
    this.#pending = taken.map((read) => ({ read, answer: read.fault === undefined ? lookup(keyName(read.facts)) : undefined }));
    // an answer that nobody waits for, because the message broke off or its body is another, is nobody's failure
    for (const { answer } of this.#pending) if (answer instanceof Promise) answer.catch(() => undefined);
  }

  /** When the header of a message has been read. Undefined when it has no signature that counts: then nothing is to be done. */
  static begin(headers: readonly HeaderLine[], options: DkimOptions, lookup: KeyLookup): DkimVerifier | undefined {
    const lines = headers.filter(isSignatureLine);
    if (lines.length === 0) return undefined;
    if (lines.length > MAX_SIGNATURES) return new DkimVerifier(headers, 'too-many', options, lookup);
    const hashes = words(options.dkim_verify_hashes);
    const keyTypes = words(options.dkim_verify_keytypes);
    const rank = ({ keyType, hash }: ReadSignature): number => keyTypes.indexOf(keyType) * hashes.length + hashes.indexOf(hash);
    const signatures = lines
      .map(({ text }) => readSignature(text))
      .filter((read) => read !== undefined)
      .filter(({ keyType, hash }) => keyTypes.includes(keyType) && hashes.includes(hash));
    if (signatures.length === 0) return undefined;
    return new DkimVerifier(
      headers,
      signatures.toSorted((a, b) => rank(a) - rank(b)),
      options,
      lookup,
    );
  }

  /** A piece of the body, with \n line ends. */
  push(octets: Buffer): void {
    if (!this.isExcessive) this.#hashes.push(octets);
  }

  /** Behind the body. */
  async finish(): Promise<Verification> {
    if (this.isExcessive) return { kind: 'unusable', reason: 'EXCESS_SIGS' };
    if (this.#hashes.hasLongLine) return { kind: 'unusable', reason: 'LONG_LINE' };
    this.#hashes.end();
    const signatures: VerifiedSignature[] = [];
    let isOver = false;
    for (const pending of this.#pending) {
      const judgement: Judgement = isOver ? unused('not-verified') : await this.#judge(pending);
      isOver ||= this.#options.dkim_verify_minimal && judgement.finding === 'pass';
      signatures.push({ signature: pending.read.facts, ...judgement });
    }
    return { kind: 'verified', signatures };
  }

  async #judge({ read, answer }: Pending): Promise<Judgement> {
    if (read.fault !== undefined || answer === undefined) return unused(read.fault ?? 'tag-missing');
    if (!this.#hashes.digest(wantedHash(read)).equals(read.bodyHash ?? Buffer.alloc(0))) return unused('body-hash-differs');
    const texts = textsOf(await answer);
    if (texts.length === 0) return unused('key-unavailable');
    const record = texts.map(readKeyRecord).find((each) => each !== undefined);
    if (record === undefined) return unused('key-record-malformed');
    const key = importKey(record.key, read.keyType);
    if (key === undefined) return unused('key-malformed');
    return { finding: this.#judgeWith(key, record, read), key: record.facts, keyBits: key.bits };
  }

  #judgeWith({ key, bits }: PublicKey, { hashes }: KeyRecord, read: ReadSignature): DkimFinding {
    if (hashes !== undefined && !hashes.includes(read.hash)) return 'hash-not-permitted';
    if (bits < leastBits(this.#options.dkim_verify_min_keysizes, read.keyType)) return 'key-too-short';
    return isSignedBy(key, bytesFromOctets(this.#signedText(read)), read) ? 'pass' : 'signature-wrong';
  }

  /** RFC 6376 s3.7, s5.4.2: the lines that `h=` names, of repeated ones the last first, and the signature's own. A name too many is nothing. */
  #signedText({ names, facts, unsignedLine }: ReadSignature): Octets {
    const used = new Map<Octets, number>();
    let text = '';
    for (const given of names) {
      const name = lowerCase(given);
      const count = used.get(name) ?? 0;
      used.set(name, count + 1);
      const line = this.#linesOf(name).at(-1 - count);
      if (line !== undefined) text += canonicalHeader(line, facts.headerForm);
    }
    return text + canonicalHeader(unsignedLine, facts.headerForm).replace(/\r\n$/, '');
  }

  #linesOf(name: Octets): readonly Octets[] {
    this.#linesByName ??= linesByName(this.#headers);
    return this.#linesByName.get(name) ?? [];
  }
}

function linesByName(headers: readonly HeaderLine[]): ReadonlyMap<Octets, readonly Octets[]> {
  const lines = new Map<Octets, Octets[]>();
  for (const { text } of headers) {
    const name = lowerCase(headerName(text) ?? '');
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [text]);
    else known.push(text);
  }
  return lines;
}

/** The first letter decides about most lines, and this is asked for each line of each message. */
function isSignatureLine({ text }: HeaderLine): boolean {
  return (text[0] === 'D' || text[0] === 'd') && equalsIgnoreCase(text.slice(0, SIGNATURE.length), SIGNATURE);
}

const SIGNATURE = 'DKIM-Signature:';

/** The strings of each record that is not empty. */
function textsOf(answer: DnsAnswer): (readonly Octets[])[] {
  if (answer.kind !== 'found') return [];
  return answer.records.flatMap((record) => (record.type === 'TXT' && record.chunks.some((chunk) => chunk !== '') ? [record.chunks] : []));
}

function wantedHash({ facts: { bodyForm, bodyLength }, hash }: ReadSignature): WantedHash {
  return { bodyForm, hash, bodyLength };
}

function keyName({ selector = '', domain = '' }: DkimSignature): Octets {
  return `${asciiName(selector)}._domainkey.${asciiName(domain)}`;
}

/** RFC 8616 s5: signatures may have U-labels. What cannot be converted will not be found. */
function asciiName(name: Octets): Octets {
  const converted = domainToAlabel(name);
  return typeof converted === 'string' ? converted : name;
}

function words(list: Octets | undefined): Octets[] {
  return list === undefined ? [] : parseList(list).items.map((item) => trimSpace(item));
}

/** `rsa=1024 ed25519=250`; a kind that is not there may have keys of any size. */
function leastBits(sizes: Octets | undefined, type: KeyType): number {
  const value = (sizes ?? '')
    .split(/[ \t\n]+/)
    .find((word) => word.startsWith(`${type}=`))
    ?.slice(type.length + 1);
  return parseDecimal(value ?? '') ?? 0;
}

/** RFC 8463 s3: an Ed25519 key signs the hash of the text. */
function isSignedBy(key: KeyObject, text: Buffer, { keyType, hash, value }: ReadSignature): boolean {
  try {
    if (keyType === 'rsa') return verify(hash, text, key, value);
    return verify(undefined, createHash(hash).update(text).digest(), key, value);
  } catch {
    return false; // OpenSSL throws where key and hash do not fit together, a short key and a long hash
  }
}
