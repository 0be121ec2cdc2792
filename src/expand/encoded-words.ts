/** Encoding of text for header lines. Spec ch. 11 "Expansion operators" (rfc2047), RFC 2047. */
import type { Octets } from '../base/octets.ts';

/** Octets of one encoded word's text: with the charset it stays within 75. */
const MAX_WORD = 75;

/** Unchanged when it holds nothing but printing characters and spaces, and none that encoded words or phrases treat specially. */
export function encodeText(text: Octets, charset: Octets): Octets {
  if (/^[!#-'*+\-/0-9A-Z^`a-z{|}~ \\]*$/.test(text) && !/[?=()<>@,;:\\".[\]_]/.test(text)) return text;
  const room = MAX_WORD - `=?${charset}?Q??=`.length;
  const words: Octets[] = [];
  let word = '';
  for (const char of text) {
    const encoded = char === ' ' ? '_' : /[!#-'*+\-/0-9A-Z^`a-z{|}~]/.test(char) ? char : `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
    if (word.length + encoded.length > room) {
      words.push(word);
      word = '';
    }
    word += encoded;
  }
  words.push(word);
  return words.map((part) => `=?${charset}?Q?${part}?=`).join(' ');
}
