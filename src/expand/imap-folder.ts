/** Folder names as Courier and others keep Maildirs: modified UTF-7. Spec ch. 60 "MDA operations", RFC 2060 s5.1.3. */
import type { Octets, Unicode } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

/** `separator` becomes a dot, what is in `specials` is encoded; other dots and slashes are illegal. */
export function encodeImapFolder(folder: Unicode, separator: string, specials: Octets): Octets | NotOk {
  let result = '';
  let run = '';
  const flush = () => {
    if (run !== '') result += `&${base64OfUtf16(run)}-`;
    run = '';
  };
  for (const char of folder) {
    if (char !== separator && (specials.includes(char) || !/[ -~]/.test(char))) {
      run += char;
      continue;
    }
    if (char !== separator && (char === '.' || char === '/')) return fail(`imapfolder: illegal character '${char}'`);
    flush();
    result += char === separator ? '.' : char === '&' ? '&-' : char;
  }
  flush();
  return result;
}

function base64OfUtf16(text: Unicode): Octets {
  const bytes = Buffer.from(text, 'utf16le').swap16();
  return bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}
