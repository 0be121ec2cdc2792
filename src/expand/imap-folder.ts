/** Folder names as Courier and others keep Maildirs: modified UTF-7. Spec ch. 60 "MDA operations", RFC 2060 s5.1.3. */
import type { Octets, Unicode } from '../base/octets.ts';

/** `separator` becomes a dot; dots and slashes that are neither it nor in `specials` are encoded. Undefined `specials` with a dot are refused by the caller. */
export function encodeImapFolder(folder: Unicode, separator: string, specials: Octets): Octets {
  const isPlain = (char: string) => (char === '.' || char === '/' ? specials.includes(char) : char >= ' ' && char <= '~' && char !== '&');
  let result = '';
  let run = '';
  const flush = () => {
    if (run !== '') result += `&${base64OfUtf16(run)}-`;
    run = '';
  };
  for (const char of folder) {
    if (char === separator || char === '&' || isPlain(char)) {
      flush();
      result += char === separator ? '.' : char === '&' ? '&-' : char;
    } else run += char;
  }
  flush();
  return result;
}

function base64OfUtf16(text: Unicode): Octets {
  const bytes = Buffer.from(text, 'utf16le').swap16();
  return bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}
