/** Variables that hold certificates: what they are read from, in DER. Spec ch. 11 "Expansion variables". */
import { type Frame, originOf } from '../core/frame.ts';

export const CERTIFICATES: ReadonlyMap<string, (frame: Frame) => Uint8Array | undefined> = new Map([
  ['tls_in_ourcert', (frame) => originOf(frame)?.tls?.ourCertificate],
  ['tls_in_peercert', (frame) => originOf(frame)?.tls?.peerCertificate],
  ['tls_out_ourcert', (frame) => frame.delivery?.tlsOut?.ourCertificate],
  ['tls_out_peercert', (frame) => frame.delivery?.tlsOut?.peerCertificate],
]);
