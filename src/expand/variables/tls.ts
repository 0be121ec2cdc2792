/** Variables of TLS, on the incoming and the outgoing connection. Spec ch. 43, ch. 11 "Expansion variables". */
import type { Octets } from '../../base/octets.ts';
import type { VariableDefinition } from '../../core/define/variable.ts';
import { type Frame, originOf } from '../../core/frame.ts';
import type { TlsFacts } from '../../core/session.ts';
import { CERTIFICATES } from '../certificates.ts';
import { flagVariable, numberVariable, octetsVariable, remoteVariable, unsetVariable } from '../reading.ts';

type Side = (frame: Frame) => TlsFacts | undefined;

const incoming: Side = (frame) => originOf(frame)?.tls;
const outgoing: Side = (frame) => frame.delivery?.tlsOut;
/** The old names mean the outgoing side while a message is sent. */
const either: Side = (frame) => outgoing(frame) ?? incoming(frame);

function factsOf(prefix: 'tls_in' | 'tls_out', side: Side, where: string): VariableDefinition[] {
  return [
    numberVariable(`${prefix}_bits`, `The strength of the cipher ${where}.`, (frame) => side(frame)?.bits),
    flagVariable(
      `${prefix}_certificate_verified`,
      `The peer's certificate was verified ${where}.`,
      (frame) => side(frame)?.certificateVerified,
    ),
    octetsVariable(`${prefix}_cipher`, `The cipher suite ${where}.`, (frame) => emptyIsUnset(side(frame)?.cipher)),
    octetsVariable(`${prefix}_cipher_std`, `The standard name of the cipher suite ${where}.`, (frame) =>
      emptyIsUnset(side(frame)?.cipherStandardName),
    ),
    remoteVariable(`${prefix}_peerdn`, `The distinguished name of the peer's certificate ${where}.`, (frame) =>
      emptyIsUnset(side(frame)?.peerDn),
    ),
    remoteVariable(`${prefix}_sni`, `The server name indication ${where}.`, (frame) => emptyIsUnset(side(frame)?.sni)),
    octetsVariable(`${prefix}_ver`, `The protocol version ${where}.`, (frame) => emptyIsUnset(side(frame)?.version)),
    numberVariable(`${prefix}_resumption`, `Whether the session was resumed ${where}, as a bit map.`, (frame) => side(frame)?.resumption),
    unsetVariable(`${prefix}_ocsp`, `What OCSP said ${where}.`, '0'),
    certificateVariable(`${prefix}_ourcert`, `Our certificate ${where}.`),
    certificateVariable(`${prefix}_peercert`, `The peer's certificate ${where}.`),
  ];
}

/** Its text only says that there is one. */
function certificateVariable(name: string, summary: string): VariableDefinition {
  const certificate = CERTIFICATES.get(name);
  return {
    ...octetsVariable(name, summary, (frame) => (certificate?.(frame) ? '<cert>' : undefined)),
    ...(certificate ? { certificate } : {}),
  };
}

export default [
  ...factsOf('tls_in', incoming, 'on the incoming connection'),
  ...factsOf('tls_out', outgoing, 'on the outgoing connection'),
  unsetVariable('tls_out_dane', 'Whether DANE was used on the outgoing connection.', 'no'),
  unsetVariable('tls_out_tlsa_usage', 'The TLSA usages found for the outgoing connection, as a bit map.', '0'),
  numberVariable('tls_bits', 'Older name of $tls_in_bits or $tls_out_bits.', (frame) => either(frame)?.bits),
  flagVariable(
    'tls_certificate_verified',
    'Older name of $tls_in_certificate_verified or $tls_out_certificate_verified.',
    (frame) => either(frame)?.certificateVerified,
  ),
  octetsVariable('tls_cipher', 'Older name of $tls_in_cipher or $tls_out_cipher.', (frame) => emptyIsUnset(either(frame)?.cipher)),
  remoteVariable('tls_peerdn', 'Older name of $tls_in_peerdn or $tls_out_peerdn.', (frame) => emptyIsUnset(either(frame)?.peerDn)),
  remoteVariable('tls_sni', 'Older name of $tls_in_sni or $tls_out_sni.', (frame) => emptyIsUnset(either(frame)?.sni)),
];

function emptyIsUnset(octets: Octets | undefined): Octets | undefined {
  return octets === '' ? undefined : octets;
}
