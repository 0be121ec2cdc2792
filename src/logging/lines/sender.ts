/** How log lines name where a message or connection comes from: `H=name (helo) [1.2.3.4] U=ident X=… A=…`. Spec ch. 53 "Log files". */
import type { Octets } from '../../base/octets.ts';
import { printable } from '../../base/octets.ts';
import type { Frame, Log, Origin, TlsFacts } from '../../core/index.ts';
import { originOf } from '../../core/index.ts';

type Selected = Pick<Log, 'selected'>;

/** `$sender_fullhost`, with the port when `incoming_port` is selected; '' for a local caller. */
export function fullHost(origin: Readonly<Origin>, log: Selected): Octets {
  const { hostAddress, hostPort, hostName, heloName } = origin;
  if (hostAddress === undefined || hostAddress === '') return '';
  const port = log.selected('incoming_port') && hostPort !== undefined && hostPort > 0 ? `:${hostPort}` : '';
  const address = `[${hostAddress}]${port}`;
  const helo = heloName === undefined || heloName === '' ? '' : `(${printable(heloName)}) `;
  if (hostName === undefined || hostName === '') return `${helo}${address}`;
  return sameName(hostName, heloName) ? `${hostName} ${address}` : `${hostName} ${helo}${address}`;
}

function sameName(hostName: Octets, heloName: Octets | undefined): boolean {
  return heloName !== undefined && hostName.length === heloName.length && hostName.replace(/[A-Z]/g, lower) === heloName.replace(/[A-Z]/g, lower);
}

function lower(char: string): string {
  return String.fromCharCode(char.charCodeAt(0) | 0x20);
}

function incomingInterface(origin: Readonly<Origin>, log: Selected): Octets {
  if (!log.selected('incoming_interface') || origin.interfaceAddress === undefined) return '';
  return ` I=[${origin.interfaceAddress}]:${origin.interfacePort ?? 0}`;
}

/** `H=(x) [1.2.3.4] U=ident`, or `U=login` for a local caller. */
export function hostAndIdent(origin: Readonly<Origin>, log: Selected): Octets {
  const host = fullHost(origin, log);
  const ident = origin.ident === undefined || origin.ident === '' ? '' : `U=${printable(origin.ident)}`;
  if (host === '') return ident === '' ? 'U=' : ident;
  return `H=${host}${incomingInterface(origin, log)}${ident === '' ? '' : ` ${ident}`}`;
}

/** The same without `H=` and, for a local caller, without `U=`: `(x) [1.2.3.4] U=ident`, `login`. */
export function hostOrLogin(origin: Readonly<Origin>, log: Selected): Octets {
  const host = fullHost(origin, log);
  if (host === '') return printable(origin.ident ?? '');
  return `${host}${incomingInterface(origin, log)}${origin.ident === undefined || origin.ident === '' ? '' : ` U=${printable(origin.ident)}`}`;
}

/** `X=… CV=… DN="…" SNI="…"` as selected, each with a space before it. */
export function tlsFields(tls: TlsFacts | undefined, log: Selected): Octets {
  if (tls === undefined) return '';
  let text = '';
  if (log.selected('tls_cipher') && tls.cipher !== '') text += ` X=${tls.cipher}${log.selected('tls_resumption') && (tls.resumption & 4) !== 0 ? '*' : ''}`;
  if (log.selected('tls_certificate_verified') && tls.cipher !== '' && tls.wasVerificationTried !== false) text += ` CV=${tls.certificateVerified ? 'yes' : 'no'}`;
  if (log.selected('tls_peerdn') && tls.peerDn !== '') text += ` DN="${printable(tls.peerDn)}"`;
  if (log.selected('tls_sni') && tls.sni !== '') text += ` SNI="${printable(tls.sni)}"`;
  return text;
}

/** `A=name:id` with a space before it, or ''. */
export function authField(origin: Readonly<Origin>, log: Selected): Octets {
  if (origin.authenticatorName === undefined || origin.authenticatorName === '') return '';
  const id = origin.authenticatedId === undefined || origin.authenticatedId === '' ? '' : `:${printable(origin.authenticatedId)}`;
  const mailAuth = log.selected('smtp_mailauth') && origin.authenticatedSender !== undefined && origin.authenticatedSender !== '' ? `:${printable(origin.authenticatedSender)}` : '';
  return ` A=${origin.authenticatorName}${id}${mailAuth}`;
}

/** What a line about a session begins with: `H=… `; '' where nothing is known (delivery, command line tests). */
export function logPrefix(frame: Frame): Octets {
  const origin = originOf(frame);
  return origin === undefined ? '' : `${hostAndIdent(origin, frame.services.log)} `;
}
