/** What is read from certificates beyond Node's own: names as OpenSSL prints them on one line, the names they are for; and a self-made one. */

import { formatIp, isIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';
import { type DerElement, der, derOid, derTag, readDer, readDerSequence, readOid } from './der.ts';

/** Short names of OpenSSL for the attributes that occur in certificates' names. */
const attributeNames: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'street'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'title'],
  ['2.5.4.13', 'description'],
  ['2.5.4.15', 'businessCategory'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.42', 'GN'],
  ['2.5.4.43', 'initials'],
  ['2.5.4.44', 'generationQualifier'],
  ['2.5.4.46', 'dnQualifier'],
  ['2.5.4.65', 'pseudonym'],
  ['2.5.4.97', 'organizationIdentifier'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionL'],
  ['1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionST'],
  ['1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionC'],
]);

/** OpenSSL's short name of an attribute, or its OID. */
export function attributeName(oid: string): string {
  return attributeNames.get(oid) ?? oid;
}

const commonNameOid = '2.5.4.3';
const subjectAltNameOid = '2.5.29.17';
const dnsNameTag = 0x82;
const addressTag = 0x87;
const extensionsTag = 0xa3;
const versionTag = 0xa0;

interface Attribute {
  readonly oid: string;
  readonly value: Octets;
}

/** A certificate's subject as OpenSSL's X509_NAME_oneline writes it: `/C=UK/O=Example/CN=mx.example.com`. Empty when malformed. */
export function subjectOneLine(certificate: Buffer): Octets {
  return nameAttributes(fieldsOf(certificate)?.subject)
    .map(
      ({ oid, value }) =>
        `/${attributeName(oid)}=${value.replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)}`,
    )
    .join('');
}

/** Whether a certificate is for a host name or address. RFC 6125 s6.4: alternative names, else the common name; `*` is one whole first label. */
export function certificateIsFor(certificate: Buffer, host: Octets): boolean {
  const wanted = lowerCase(host);
  const alternatives = alternativeNames(certificate);
  const names = alternatives.some((name) => name.kind === 'dns')
    ? alternatives.map((name) => name.text)
    : [...alternatives.map((name) => name.text), ...commonNames(certificate)];
  return names.some((name) => nameMatches(lowerCase(name), wanted));
}

function nameMatches(pattern: Octets, host: Octets): boolean {
  if (pattern === host) return true;
  if (!pattern.startsWith('*.') || pattern.indexOf('.', 2) < 0 || isIp(host)) return false;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === pattern.slice(1);
}

function commonNames(certificate: Buffer): readonly Octets[] {
  return nameAttributes(fieldsOf(certificate)?.subject)
    .filter(({ oid }) => oid === commonNameOid)
    .map(({ value }) => value);
}

interface AlternativeName {
  readonly kind: 'dns' | 'address';
  readonly text: Octets;
}

function alternativeNames(certificate: Buffer): readonly AlternativeName[] {
  const extensions = readDerSequence(readDer(fieldsOf(certificate)?.extensions ?? Buffer.alloc(0))?.content ?? Buffer.alloc(0));
  for (const extension of extensions) {
    const parts = readDerSequence(extension.content);
    const [oid] = parts;
    const value = parts.at(-1);
    if (!oid || !value || readOid(oid.content) !== subjectAltNameOid) continue;
    return readDerSequence(readDer(value.content)?.content ?? Buffer.alloc(0)).flatMap(alternativeName);
  }
  return [];
}

function alternativeName({ tag, content }: DerElement): readonly AlternativeName[] {
  if (tag === dnsNameTag) return [{ kind: 'dns', text: content.toString('latin1') }];
  if (tag === addressTag && (content.length === 4 || content.length === 16)) return [{ kind: 'address', text: formatIp(content) }];
  return [];
}

/** TBSCertificate: [version], serial, algorithm, issuer, validity, subject, key, …, [3] extensions. RFC 5280 s4.1. */
function fieldsOf(certificate: Buffer): { readonly subject: Buffer; readonly extensions: Buffer | undefined } | undefined {
  const body = readDer(readDer(certificate)?.content ?? Buffer.alloc(0));
  const fields = readDerSequence(body?.content ?? Buffer.alloc(0));
  const first = fields[0]?.tag === versionTag ? 1 : 0;
  const subject = fields[first + 4];
  return subject && { subject: subject.content, extensions: fields.find((field) => field.tag === extensionsTag)?.content };
}

function nameAttributes(name: Buffer | undefined): readonly Attribute[] {
  if (!name) return [];
  return readDerSequence(name).flatMap((set) =>
    readDerSequence(set.content).flatMap((attribute) => {
      const [oid, value] = readDerSequence(attribute.content);
      return oid && value ? [{ oid: readOid(oid.content), value: value.content.toString('latin1') }] : [];
    }),
  );
}

/** PEM of a certificate and its key, as tls_certificate and tls_privatekey take them. */
export interface SelfSigned {
  readonly certificate: string;
  readonly key: string;
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';

/** A certificate for a host that nobody but the host itself vouches for: opportunistic TLS without any set-up. */
export function makeSelfSigned(hostName: Octets, nowMs: number, validDays = 3650): SelfSigned {
  const crypto = process.getBuiltinModule('node:crypto');
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const serial = crypto.randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01; // positive, and not empty
  const algorithm = der(derTag.sequence, derOid(ecdsaWithSha256));
  const name = der(
    derTag.sequence,
    der(derTag.set, der(derTag.sequence, derOid(commonNameOid), der(derTag.utf8, Buffer.from(hostName.slice(0, 64), 'latin1')))),
  );
  const alternative = der(derTag.sequence, der(dnsNameTag, Buffer.from(hostName, 'latin1')));
  const body = der(
    derTag.sequence,
    der(versionTag, der(derTag.integer, Buffer.from([2]))),
    der(derTag.integer, serial),
    algorithm,
    name,
    der(derTag.sequence, derTime(nowMs - 86_400_000), derTime(nowMs + validDays * 86_400_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(extensionsTag, der(derTag.sequence, der(derTag.sequence, derOid(subjectAltNameOid), der(derTag.octetString, alternative)))),
  );
  const signature = crypto.sign('sha256', body, privateKey);
  const certificate = der(derTag.sequence, body, algorithm, der(derTag.bitString, Buffer.from([0]), signature));
  return { certificate: pem('CERTIFICATE', certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function pem(label: string, bytes: Buffer): string {
  return `-----BEGIN ${label}-----\n${(bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;
}

/** UTCTime until 2049, GeneralizedTime from 2050 on. RFC 5280 s4.1.2.5. */
function derTime(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, '');
  const isLate = digits >= '2050';
  return der(isLate ? derTag.generalizedTime : derTag.utcTime, Buffer.from(isLate ? digits : digits.slice(2), 'latin1'));
}
