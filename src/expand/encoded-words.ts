/** Encoding of text for header lines. Spec ch. 11 "Expansion operators" (rfc2047), RFC 2047. */
import type { Octets } from '../base/octets.ts';

/** Exim ends a word when it is longer than this; what introduces the first word it does not count. */
const WORD_LENGTH = 67;
const ESCAPE_TAIL = 2;

/** Unchanged when it holds nothing but printing characters and spaces, and none that encoded words or phrases treat specially. */
export function encodeText(text: Octets, charset: Octets): Octets {
  if (/^[ -~]*$/.test(text) && !/[?=()<>@,;:\\".[\]_]/.test(text)) return text;
  const introduction = `=?${charset}?Q?`;
  const words: Octets[] = [];
  let word = '';
  let length = 0;
  for (const char of text) {
    if (length > WORD_LENGTH) {
      words.push(word);
      word = '';
    }
    const encoded = encodeOctet(char);
    word += encoded;
    length = word.length + (words.length > 0 ? introduction.length : 0) - (encoded.length > 1 ? ESCAPE_TAIL : 0);
  }
  return [...words, word].map((part) => `${introduction}${part}?=`).join(' ');
}

function encodeOctet(char: string): Octets {
  if (char === ' ') return '_';
  if (/[!-~]/.test(char) && !/[?=()<>@,;:\\".[\]_]/.test(char)) return char;
  return `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`; // octets: hexadecimal digits
}
