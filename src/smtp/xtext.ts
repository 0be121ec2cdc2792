/** xtext: `+XX` stands for an octet. RFC 3461 s4. */
import type { Octets } from '../base/octets.ts';
import { upperCase } from '../base/octets.ts';

/** Undefined when it is no xtext. */
export function decodeXtext(text: Octets): Octets | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*$/.test(text)) return undefined;
  return text.replace(/\+([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

export function encodeXtext(octets: Octets): Octets {
  return octets.replace(/[^!-*,-<>-~]/g, (char) => `+${upperCase(char.charCodeAt(0).toString(16)).padStart(2, '0')}`);
}
