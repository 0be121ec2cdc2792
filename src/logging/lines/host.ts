/** How log lines name the other end: `H=host (helo) [10.0.0.1]:4711 I=[10.0.0.2]:25 U=ident`. Spec ch. 53 "Logging message reception". */
import { equalsIgnoreCase, type Octets, printable } from '../../base/octets.ts';
import type { Log, Origin } from '../../core/index.ts';

/** `$sender_fullhost`: `host (helo) [ip]`, the port behind it with log selector `incoming_port`. '' for local submission. */
export function fullHost(origin: Readonly<Origin>, showsPort: boolean): Octets {
  const { hostAddress, hostPort, hostName = '', heloName = '' } = origin;
  if (hostAddress === undefined) return '';
  const address = `[${hostAddress}]${showsPort && hostPort !== undefined ? `:${hostPort}` : ''}`;
  const isLiteral = hostName !== '' && heloName === `[${hostAddress}]`;
  const showsHelo = heloName !== '' && !isLiteral && !equalsIgnoreCase(heloName, hostName);
  return [hostName, showsHelo ? `(${printable(heloName)})` : '', address].filter((part) => part !== '').join(' ');
}

/** ` Ci=1234` with log selector `connection_id`. */
export function connectionIdField({ connectionId }: Readonly<Origin>, log: Log): Octets {
  return connectionId !== undefined && log.selected('connection_id') ? ` Ci=${connectionId}` : '';
}

/** The host with interface and ident; a local caller is `U=name` with `H=` and the bare name without. `tag` puts `H=` before a host. */
export function hostAndIdent(origin: Readonly<Origin>, log: Log, tag: boolean): Octets {
  const ident = origin.ident ?? '';
  if (origin.hostAddress === undefined) return tag ? `U=${printable(ident)}` : printable(ident);
  const parts = [`${tag ? 'H=' : ''}${fullHost(origin, log.selected('incoming_port'))}`];
  if (log.selected('incoming_interface') && origin.interfaceAddress !== undefined)
    parts.push(`I=[${origin.interfaceAddress}]:${origin.interfacePort ?? 0}`);
  if (ident !== '') parts.push(`U=${printable(ident)}`);
  return parts.join(' ');
}
