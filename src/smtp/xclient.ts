/** The operands of XCLIENT: whom a client speaks for. https://www.postfix.org/XCLIENT_README.html; values are xtext (RFC 3461 s4). Pure. */
import { isIp } from '../base/ip.ts';
import type { Octets } from '../base/octets.ts';
import { upperCase } from '../base/octets.ts';
import { decodeXtext } from './xtext.ts';

/** In the order in which they are offered. */
export const XCLIENT_PARAMETERS = ['ADDR', 'NAME', 'PORT', 'LOGIN', 'DESTADDR', 'DESTPORT'] as const;
type Parameter = (typeof XCLIENT_PARAMETERS)[number];

/** Undefined: not given. `unknown` and `try-later` of a name: the proxy did not find it, or not now. */
export interface XclientOperands {
  readonly address?: Octets;
  readonly port?: number;
  readonly name?: Octets | { readonly missing: 'unknown' | 'try-later' };
  /** '' for a client that did not authenticate. */
  readonly login?: Octets;
  readonly destinationAddress?: Octets;
  readonly destinationPort?: number;
}

export type XclientReading =
  | { readonly kind: 'ok'; readonly operands: XclientOperands }
  /** `message` follows `501 `. */
  | { readonly kind: 'error'; readonly message: Octets };

export function parseXclient(argument: Octets): XclientReading {
  const words = argument.split(' ').filter((word) => word !== '');
  if (words.length === 0) return failed('XCLIENT must have at least one operand');
  let operands: XclientOperands = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const parameter = XCLIENT_PARAMETERS.find((known) => known === upperCase(name));
    if (parameter === undefined) return failed(`XCLIENT: unrecognised parameter '${name}'`);
    if (equals < 0) return failed(`XCLIENT: missing value for parameter '${name}'`);
    const value = decodeXtext(word.slice(equals + 1));
    if (value === '') return failed('XCLIENT: zero-length value for param');
    const read = value === undefined ? undefined : readOperand(parameter, value);
    if (read === undefined) return failed(`XCLIENT: bad value for parameter '${name}'`);
    operands = { ...operands, ...read };
  }
  return { kind: 'ok', operands };
}

function readOperand(parameter: Parameter, value: Octets): XclientOperands | undefined {
  const missing = upperCase(value) === '[UNAVAILABLE]' ? 'unknown' : upperCase(value) === '[TEMPUNAVAIL]' ? 'try-later' : undefined;
  switch (parameter) {
    case 'NAME':
      return { name: missing === undefined ? value : { missing } };
    case 'LOGIN':
      return { login: missing === undefined ? value : '' };
    case 'ADDR':
    case 'DESTADDR': {
      if (missing !== undefined) return {};
      const address = upperCase(value.slice(0, 5)) === 'IPV6:' ? value.slice(5) : value;
      if (!isIp(address)) return undefined;
      return parameter === 'ADDR' ? { address } : { destinationAddress: address };
    }
    case 'PORT':
    case 'DESTPORT': {
      if (missing !== undefined) return {};
      const port = /^[0-9]{1,5}$/.test(value) ? Number.parseInt(value, 10) : undefined;
      if (port === undefined || port > 0xffff) return undefined;
      return parameter === 'PORT' ? { port } : { destinationPort: port };
    }
  }
}

function failed(message: Octets): XclientReading {
  return { kind: 'error', message };
}
