/** Single fields of a certificate in the forms of `${certextract`. RFC 5280 s4.1, s4.2; names as RFC 4514. Spec ch. 11 "certextract". */
import { type Octets, upperCase } from '../base/octets.ts';
import { attributeName } from './certificate.ts';
import { type DerElement, derTag, readDer, readDerSequence, readOid } from './der.ts';

const versionTag = 0xa0;
const extensionsTag = 0xa3;
const mailNameTag = 0x81;
const dnsNameTag = 0x82;
const uriNameTag = 0x86;
const oids = {
  subjectAltName: '2.5.29.17',
  crlDistributionPoints: '2.5.29.31',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  ocsp: '1.3.6.1.5.5.7.48.1',
} as const;

/** Names as OpenSSL prints them. */
const signatureNames: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'md5WithRSAEncryption'],
  ['1.2.840.113549.1.1.5', 'sha1WithRSAEncryption'],
  ['1.2.840.113549.1.1.10', 'rsassaPss'],
  ['1.2.840.113549.1.1.11', 'sha256WithRSAEncryption'],
  ['1.2.840.113549.1.1.12', 'sha384WithRSAEncryption'],
  ['1.2.840.113549.1.1.13', 'sha512WithRSAEncryption'],
  ['1.2.840.113549.1.1.14', 'sha224WithRSAEncryption'],
  ['1.2.840.10045.4.1', 'ecdsa-with-SHA1'],
  ['1.2.840.10045.4.3.2', 'ecdsa-with-SHA256'],
  ['1.2.840.10045.4.3.3', 'ecdsa-with-SHA384'],
  ['1.2.840.10045.4.3.4', 'ecdsa-with-SHA512'],
  ['1.3.101.112', 'ED25519'],
  ['1.3.101.113', 'ED448'],
]);

/** TBSCertificate and what signs it. */
interface Certificate {
  readonly version: number;
  readonly serial: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly validity: readonly DerElement[];
  readonly extensions: ReadonlyMap<string, Buffer>;
  readonly signatureOid: string;
  readonly signature: Buffer;
}

/** What is asked of a field besides its name. */
export interface FieldModifiers {
  /** Of lists; a newline when undefined. */
  readonly separator: string | undefined;
  /** `int`, `raw`, `dns`, `CN`… */
  readonly words: readonly string[];
  /** A time as people read it. */
  readonly formatTime: (ms: number) => Octets;
}

/** Undefined when the certificate has no such field; `unknown`: there is no field of this name. */
export function certificateField(der: Buffer, name: string, modifiers: FieldModifiers): Octets | undefined | { readonly kind: 'unknown' } {
  const read = FIELDS.get(name);
  if (!read) return { kind: 'unknown' };
  const certificate = readCertificate(der);
  return certificate && read(certificate, modifiers);
}

type FieldReader = (certificate: Certificate, modifiers: FieldModifiers) => Octets | undefined;

const FIELDS: ReadonlyMap<string, FieldReader> = new Map<string, FieldReader>([
  ['version', ({ version }) => String(version)],
  ['serial_number', ({ serial }) => serial.toString('hex').replace(/^(?:00)+(?=..)/, '')],
  ['subject', ({ subject }, modifiers) => nameText(subject, modifiers)],
  ['issuer', ({ issuer }, modifiers) => nameText(issuer, modifiers)],
  ['notbefore', ({ validity }, modifiers) => timeText(validity[0], modifiers)],
  ['notafter', ({ validity }, modifiers) => timeText(validity[1], modifiers)],
  ['sig_algorithm', ({ signatureOid }) => signatureNames.get(signatureOid) ?? signatureOid],
  ['signature', ({ signature }) => signature.toString('hex').replace(/..(?=.)/g, '$& ')],
  ['subj_altname', ({ extensions }, modifiers) => alternativeNames(extensions.get(oids.subjectAltName), modifiers)],
  ['ocsp_uri', ({ extensions }, modifiers) => list(ocspUris(extensions.get(oids.authorityInfoAccess)), modifiers)],
  ['crl_uri', ({ extensions }, modifiers) => list(crlUris(extensions.get(oids.crlDistributionPoints)), modifiers)],
]);

function readCertificate(der: Buffer): Certificate | undefined {
  const [body, algorithm, signature] = readDerSequence(readDer(der)?.content ?? Buffer.alloc(0));
  if (!body || !algorithm || !signature) return undefined;
  const fields = readDerSequence(body.content);
  const versionField = fields[0]?.tag === versionTag ? fields[0] : undefined;
  const [serial, , issuer, validity, subject] = fields.slice(versionField ? 1 : 0);
  if (!serial || !issuer || !validity || !subject) return undefined;
  return {
    version: versionField ? (readDer(versionField.content)?.content[0] ?? 0) + 1 : 1,
    serial: serial.content,
    issuer: issuer.content,
    subject: subject.content,
    validity: readDerSequence(validity.content),
    extensions: readExtensions(fields.find(({ tag }) => tag === extensionsTag)),
    signatureOid: readOid(readDerSequence(algorithm.content)[0]?.content ?? Buffer.alloc(0)),
    signature: signature.content.subarray(1), // behind the number of unused bits
  };
}

/** The value of each by its OID. */
function readExtensions(field: DerElement | undefined): ReadonlyMap<string, Buffer> {
  const extensions = readDerSequence(field ? (readDer(field.content)?.content ?? Buffer.alloc(0)) : Buffer.alloc(0));
  return new Map(
    extensions.flatMap(({ content }): [string, Buffer][] => {
      const parts = readDerSequence(content);
      const [oid] = parts;
      const value = parts.at(-1);
      return oid && value ? [[readOid(oid.content), readDer(value.content)?.content ?? Buffer.alloc(0)]] : [];
    }),
  );
}

/** RFC 4514: the last part first, special characters with a backslash. With a type (`CN`) only the values of that type, as a list. */
function nameText(name: Buffer, modifiers: FieldModifiers): Octets | undefined {
  const parts = readDerSequence(name)
    .flatMap((set) =>
      readDerSequence(set.content).flatMap((attribute) => {
        const [oid, value] = readDerSequence(attribute.content);
        return oid && value ? [{ type: attributeName(readOid(oid.content)), value: stringValue(value) }] : [];
      }),
    )
    .reverse();
  const [wanted] = modifiers.words;
  if (wanted === undefined) return parts.map(({ type, value }) => `${type}=${escapeValue(value)}`).join(',');
  return list(
    parts.filter(({ type }) => type === wanted).map(({ value }) => value),
    modifiers,
  );
}

const bmpStringTag = 30;

function stringValue({ tag, content }: DerElement): Octets {
  if (tag !== bmpStringTag) return content.latin1Slice();
  return Buffer.from(
    Buffer.from(content.subarray(0, content.length & ~1))
      .swap16()
      .toString('utf16le'),
    'utf8',
  ).latin1Slice();
}

function escapeValue(value: Octets): Octets {
  return value
    .replace(/[",+;<>\\]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}

/** UTCTime (`YYMMDDHHMMSSZ`, 1950 to 2049) or GeneralizedTime. */
function timeText(time: DerElement | undefined, { words, formatTime }: FieldModifiers): Octets | undefined {
  if (!time) return undefined;
  const text = time.content.latin1Slice();
  const short = time.tag === derTag.utcTime;
  const match = /^([0-9]{2,4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(text);
  if (!match || match[1]?.length !== (short ? 2 : 4)) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map((digits) => Number.parseInt(digits, 10));
  const century = short ? (year < 50 ? 2000 : 1900) : 0;
  const ms = Date.UTC(century + year, month - 1, day, hour, minute, second);
  return words.includes('int') ? String(ms / 1000) : formatTime(ms);
}

const NAME_KINDS: ReadonlyMap<number, string> = new Map([
  [dnsNameTag, 'DNS'],
  [uriNameTag, 'URI'],
  [mailNameTag, 'MAIL'],
]);

/** All kinds with their tags, or one kind without. */
function alternativeNames(extension: Buffer | undefined, modifiers: FieldModifiers): Octets | undefined {
  const names = readDerSequence(extension ?? Buffer.alloc(0)).flatMap(({ tag, content }) => {
    const kind = NAME_KINDS.get(tag);
    return kind === undefined ? [] : [{ kind, text: content.latin1Slice() }];
  });
  const wanted = [...NAME_KINDS.values()].find((kind) => modifiers.words.some((word) => upperCase(word) === kind));
  const texts =
    wanted === undefined
      ? names.map(({ kind, text }) => `${kind}=${text}`)
      : names.filter(({ kind }) => kind === wanted).map(({ text }) => text);
  return list(texts, modifiers);
}

/** AccessDescription: method, location. */
function ocspUris(extension: Buffer | undefined): readonly Octets[] {
  return readDerSequence(extension ?? Buffer.alloc(0)).flatMap(({ content }) => {
    const [method, location] = readDerSequence(content);
    return method && location?.tag === uriNameTag && readOid(method.content) === oids.ocsp ? [location.content.latin1Slice()] : [];
  });
}

/** DistributionPoint: [0] { [0] { names } }. */
function crlUris(extension: Buffer | undefined): readonly Octets[] {
  return readDerSequence(extension ?? Buffer.alloc(0)).flatMap(({ content }) => {
    const point = readDer(readDer(content)?.content ?? Buffer.alloc(0));
    return readDerSequence(point?.content ?? Buffer.alloc(0)).flatMap((name) =>
      name.tag === uriNameTag ? [name.content.latin1Slice()] : [],
    );
  });
}

/** Separators in the texts are doubled; undefined when there is nothing. */
function list(texts: readonly Octets[], { separator = '\n' }: FieldModifiers): Octets | undefined {
  return texts.length === 0 ? undefined : texts.map((text) => text.replaceAll(separator, separator + separator)).join(separator);
}
