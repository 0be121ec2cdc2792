/**
 * Makes DKIM-Signature: lines for a message that is sent. The body is read once for all of them, as it comes, and keys are used in the thread pool:
 * nothing grows with the message, and the event loop stays free. RFC 6376 s5; RFC 8463; spec ch. 58 "Signing outgoing messages".
 */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { bytesFromOctets, lowerCase, type Octets } from '../../base/octets.ts';
import { headerName } from '../../message/header.ts';
import { BodyHashes } from './body-hashes.ts';
import { canonicalHeader, type Form } from './canonicalization.ts';
import { FoldedLine } from './folded-line.ts';
import type { HashName, KeyType } from './signature.ts';

/** One signature that is wanted. */
export interface SignatureRequest {
  readonly domain: Octets;
  readonly selector: Octets;
  readonly identity: Octets | undefined;
  /** Of header and body. */
  readonly form: Form;
  readonly hash: HashName;
  /** RSA or Ed25519. */
  readonly key: KeyObject;
  /** `From`, `=To` (all that there are), `+Subject` (and one more). */
  readonly names: readonly Octets[];
  /** `t=` and `x=`, in seconds. */
  readonly times: { readonly created: number; readonly expires: number } | undefined;
}

export type Signed =
  /** The lines, each with its \n, in the order of the requests. */
  | { readonly kind: 'ok'; readonly lines: readonly Octets[] }
  /** A key does not serve for what is asked: it is too short for the hash. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Undefined: the key is of a kind that DKIM does not have. */
export function keyTypeOf(key: KeyObject): KeyType | undefined {
  const { asymmetricKeyType } = key;
  return asymmetricKeyType === 'rsa' || asymmetricKeyType === 'ed25519' ? asymmetricKeyType : undefined;
}

/** `header`: all lines as they are sent, `body` likewise, both with \n line ends. */
export async function signMessage(
  header: Octets,
  body: AsyncIterable<Buffer> | Iterable<Buffer>,
  requests: readonly SignatureRequest[],
): Promise<Signed> {
  const hashes = new BodyHashes(requests.map(wantedHash), Number.POSITIVE_INFINITY);
  for await (const part of body) hashes.push(part);
  hashes.end();
  const lines = headerLines(header);
  const signed: Octets[] = [];
  for (const request of requests) {
    const line = await signatureLine(request, lines, hashes.digest(wantedHash(request)));
    if (line instanceof Error) return { kind: 'failing', reason: line.message };
    signed.push(line);
  }
  return { kind: 'ok', lines: signed };
}

function wantedHash({ form, hash }: SignatureRequest) {
  return { bodyForm: form, hash, bodyLength: undefined };
}

interface NamedLine {
  readonly name: Octets;
  readonly text: Octets;
}

/** Of the header as a whole, as what a configuration adds at once may be several lines. */
function headerLines(header: Octets): NamedLine[] {
  return header.split(/(?<=\n)(?![ \t])/).flatMap((text) => {
    const name = headerName(text);
    return name === undefined ? [] : [{ name, text }];
  });
}

async function signatureLine(request: SignatureRequest, lines: readonly NamedLine[], bodyHash: Buffer): Promise<Octets | Error> {
  const { names, texts } = signedHeaders(lines, request.names);
  const line = unsignedLine(request, names, bodyHash);
  const own = canonicalHeader(`${line.text};`, request.form).slice(0, request.form === 'simple' ? undefined : -'\r\n'.length);
  const signed = texts.map((text) => canonicalHeader(text, request.form)).join('') + own;
  const signature = await signOctets(request, bytesFromOctets(signed));
  if (signature instanceof Error) return signature;
  line.value(signature.toString('base64'));
  line.end();
  return line.text;
}

/** Up to the value of `b=`. */
function unsignedLine(
  { key, hash, form, domain, selector, identity, times }: SignatureRequest,
  names: readonly Octets[],
  bodyHash: Buffer,
): FoldedLine {
  const line = new FoldedLine('DKIM-Signature: v=1');
  line.tag('a', `${key.asymmetricKeyType}-${hash}`);
  line.tag('q', 'dns/txt');
  line.tag('c', `${form}/${form}`);
  line.tag('d', domain);
  line.tag('s', selector);
  const [first = '', ...others] = names;
  line.tag('h', first);
  for (const name of others) line.item(name);
  line.tag('bh', bodyHash.toString('base64'));
  if (identity !== undefined) line.tag('i', identity);
  if (times !== undefined) {
    line.tag('t', String(times.created));
    line.tag('x', String(times.expires));
  }
  line.beginTag('b');
  return line;
}

/** What `h=` names, and the lines that stand for it. */
interface SignedHeaders {
  readonly names: readonly Octets[];
  readonly texts: readonly Octets[];
}

/** The lines that there are, the last first, as verifiers take those of one name; then the names of those that are not to appear. */
function signedHeaders(lines: readonly NamedLine[], wanted: readonly Octets[]): SignedHeaders {
  const left = wanted.map((entry) => {
    const prefix = /^[+=]/.exec(entry)?.[0];
    const name = prefix === undefined ? entry : entry.slice(1);
    return { name, key: lowerCase(name), isForAll: prefix !== undefined, isAbsenceSigned: prefix !== '=' };
  });
  const taken = lines.toReversed().filter((line) => {
    const at = left.findIndex(({ key }) => key === lowerCase(line.name));
    if (at < 0) return false;
    if (left[at]?.isForAll === false) left.splice(at, 1);
    return true;
  });
  const absent = left.filter(({ isAbsenceSigned }) => isAbsenceSigned);
  return { names: [...taken, ...absent].map(({ name }) => name), texts: taken.map(({ text }) => text) };
}

/** RFC 8463 s3: Ed25519 signs the hash. */
function signOctets({ key, hash }: SignatureRequest, octets: Buffer): Promise<Buffer | Error> {
  const isEd25519 = key.asymmetricKeyType === 'ed25519';
  const data = isEd25519 ? createHash(hash).update(octets).digest() : octets;
  return new Promise((resolve) => {
    sign(isEd25519 ? undefined : hash, data, key, (error, signature) => {
      resolve(error ?? signature);
    });
  });
}
