/** Proofs that a certificate is not revoked, as a server staples them to its handshake: read from files, looked at for how long they hold. RFC 6960 s4.2.1; RFC 6066 s8. */
import type { Octets } from '../base/octets.ts';
import { derTag, readDer, readDerSequence } from './der.ts';

const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const SUCCESSFUL = 0;
const explicitTag = (number: number) => 0xa0 | number;

/** The first item of `tls_ocsp_file`: `DER file`, `PEM file` or a file in DER. */
export function proofFile(item: Octets): { readonly path: Octets; readonly isPem: boolean } {
  const [, kind, path] = /^(DER|PEM) +(.*)$/.exec(item) ?? [];
  return { path: path ?? item, isPem: kind === 'PEM' };
}

export function proofFromPem(text: string): Buffer {
  return Buffer.from(/-----BEGIN OCSP RESPONSE-----([^-]*)-----END/.exec(text)?.[1] ?? '', 'base64');
}

/** Until when a response holds; undefined when it is none, tells no time, or is not about the state of certificates. */
export function proofEndsAtMs(response: Buffer): number | undefined {
  const [status, responseBytes] = readDerSequence(readDer(response)?.content ?? Buffer.alloc(0));
  if (status?.content[0] !== SUCCESSFUL || responseBytes?.tag !== explicitTag(0)) return undefined;
  const [, basic] = readDerSequence(readDer(responseBytes.content)?.content ?? Buffer.alloc(0));
  const [data] = readDerSequence(readDer(basic?.content ?? Buffer.alloc(0))?.content ?? Buffer.alloc(0));
  // version and responderID are tagged, producedAt is a time: the sequence is that of the responses
  const responses = readDerSequence(data?.content ?? Buffer.alloc(0)).find(({ tag }) => tag === derTag.sequence);
  const ends = readDerSequence(responses?.content ?? Buffer.alloc(0)).map(({ content }) => {
    const next = readDerSequence(content).find(({ tag }) => tag === explicitTag(0));
    return next === undefined ? undefined : timeOf(readDer(next.content)?.content);
  });
  return ends.reduce<number | undefined>(
    (first, end, index) => (index === 0 ? end : first === undefined || end === undefined ? undefined : Math.min(first, end)),
    undefined,
  );
}

function timeOf(content: Buffer | undefined): number | undefined {
  const [, ...parts] = GENERALIZED_TIME.exec(content?.toString('latin1') ?? '') ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return parts.length === 0 ? undefined : Date.UTC(year, month - 1, day, hour, minute, second);
}
