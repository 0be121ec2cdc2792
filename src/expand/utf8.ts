/** UTF-8 to ISO-8859-1, and repairing it. RFC 3629. */
import type { Octets } from '../base/octets.ts';

/** Code points above 255 are underscores; what is not UTF-8 comes out as some octets, as the manual says. */
export function latin1FromUtf8(octets: Octets): Octets {
  let result = '';
  for (let at = 0; at < octets.length; ) {
    const lead = octets.charCodeAt(at);
    const more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf8 ? 3 : lead < 0xfc ? 4 : 5;
    let code = more === 0 ? lead : lead & (0x3f >> more);
    for (let i = 1; i <= more; i++) code = (code << 6) | (octets.charCodeAt(at + i) & 0x3f);
    result += code > 0xff ? '_' : String.fromCharCode(code);
    at += more + 1;
  }
  return result;
}

/**
 * Every sequence that is not UTF-8 becomes a question mark: one for what a lead octet began (also an over-long form of three or four octets
 * is let through by Exim, and by us), one for each octet that stands alone.
 */
export function cleanUtf8(octets: Octets): Octets {
  let result = '';
  for (let at = 0; at < octets.length; ) {
    const sequence = sequenceAt(octets, at);
    result += sequence.isValid ? octets.slice(at, sequence.end) : '?';
    at = sequence.end;
  }
  return result;
}

function sequenceAt(octets: Octets, at: number): { readonly end: number; readonly isValid: boolean } {
  const lead = octets.charCodeAt(at);
  if (lead < 0x80) return { end: at + 1, isValid: true };
  // C0 and C1 begin nothing: they could only be over-long forms of ASCII.
  const more = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf8 ? 3 : 0;
  if (more === 0) return { end: at + 1, isValid: false };
  let end = at + 1;
  while (end <= at + more && end < octets.length && (octets.charCodeAt(end) & 0xc0) === 0x80) end++;
  if (end <= at + more) return { end, isValid: false };
  const code = codePoint(octets, at, more);
  return { end, isValid: code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) };
}

function codePoint(octets: Octets, at: number, more: number): number {
  let code = octets.charCodeAt(at) & (0x3f >> more);
  for (let i = 1; i <= more; i++) code = (code << 6) | (octets.charCodeAt(at + i) & 0x3f);
  return code;
}
