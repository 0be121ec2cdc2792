/** The sending host in one text. Spec ch. 11 "Expansion variables" ($sender_fullhost, $sender_rcvhost). */
import { equalsIgnoreCase, lowerCase, type Octets, printable } from '../base/octets.ts';
import type { Origin } from '../core/session.ts';

/** `name (helo) [address]`, with the port behind it when ports are logged. The HELO name is left out where it is the name. */
export function fullHost(origin: Readonly<Origin>, showsPort: boolean): Octets {
  const { hostName = '', heloName = '' } = origin;
  const helo = heloName === '' || equalsIgnoreCase(heloName, hostName) ? '' : `(${printable(heloName)})`;
  return [hostName, helo, addressText(origin, showsPort)].filter((part) => part !== '').join(' ');
}

/**
 * `name ([address] helo=… ident=…)`, or `[address] (port=… helo=… ident=…)` when there is no name; with name, HELO and ident the line is
 * broken. The HELO name is left out where it is the name or the address.
 */
export function receivedHost(origin: Readonly<Origin>, showsPort: boolean): Octets {
  const { hostName = '', heloName = '', ident = '' } = origin;
  const details: Octets[] = [];
  if (hostName !== '') details.push(addressText(origin, showsPort));
  else if (showsPort && origin.hostPort !== undefined) details.push(`port=${origin.hostPort}`);
  if (!isOwnName(origin, heloName)) details.push(`helo=${printable(heloName)}`);
  if (ident !== '') details.push(`ident=${printable(ident)}`);
  const [first = '', ...others] = details;
  const text = details.length === 3 && hostName !== '' ? `${first}\n\t${others.join(' ')}` : details.join(' ');
  const host = hostName === '' ? `[${origin.hostAddress ?? ''}]` : hostName;
  return text === '' ? host : `${host} (${text})`;
}

function addressText({ hostAddress = '', hostPort }: Readonly<Origin>, showsPort: boolean): Octets {
  return `[${hostAddress}]${showsPort && hostPort !== undefined ? `:${hostPort}` : ''}`;
}

/** `[1.2.3.4]`, `[IPv4:1.2.3.4]`, `[IPv6:::1]` are the address as well. */
function isOwnName({ hostName = '', hostAddress = '' }: Readonly<Origin>, helo: Octets): boolean {
  const literal = /^\[(?:ipv[46]:)?(.*)\]$/.exec(lowerCase(helo))?.[1];
  return helo === '' || equalsIgnoreCase(helo, hostName) || (literal !== undefined && literal === hostAddress);
}
