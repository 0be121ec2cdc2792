/** ` X=… CV=… DN="…" SNI=…` of a line about a TLS connection. Spec ch. 53 "Summary of Fields in Log Lines". */
import { type Octets, printable } from '../../base/octets.ts';
import type { Log, TlsFacts } from '../../core/index.ts';

/** Each with a space before it; '' without TLS. `direction`: the peer's name indication is only logged for what comes in. */
export function tlsFields(tls: TlsFacts | undefined, log: Log, direction: 'in' | 'out'): Octets {
  if (tls === undefined || tls.cipher === '') return '';
  let fields = '';
  if (log.selected('tls_cipher'))
    fields += ` X=${tls.cipher}${log.selected('tls_resumption') && (tls.resumption & RESUMED) !== 0 ? '*' : ''}`;
  if (log.selected('tls_certificate_verified') && tls.wasVerificationTried !== false)
    fields += ` CV=${tls.certificateVerified ? 'yes' : 'no'}`;
  if (log.selected('tls_peerdn') && tls.peerDn !== '') fields += ` DN="${quoted(tls.peerDn)}"`;
  if (direction === 'in' && log.selected('tls_sni') && tls.sni !== '') fields += ` SNI=${printable(tls.sni)}`;
  return fields;
}

/** Bit 4 of `$tls_in_resumption`: the session was resumed. */
const RESUMED = 0x10;

export function quoted(octets: Octets): Octets {
  return printable(octets.replace(/["\\]/g, '\\$&'));
}
