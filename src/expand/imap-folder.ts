/** Folder names as Courier and others keep Maildirs: modified UTF-7. Spec ch. 60 "MDA operations", RFC 2060 s5.1.3. */
import type { Octets, Unicode } from '../base/octets.ts';
import { fail, type NotOk } from '../core/outcome.ts';

/**
 * Separators between names become a dot (several count once), those at the end go, and so does a single one in front; what is in `specials` is
 * encoded; other dots and slashes are illegal.
 */
export function encodeImapFolder(folder: Unicode, separator: string, specials: Octets): Octets | NotOk {
  let result = '';
  let run = '';
  let separators = 0;
  const flush = () => {
    if (run !== '') result += `&${base64OfUtf16(run)}-`;
    run = '';
  };
  for (const char of folder) {
    if (char === separator) {
      flush();
      separators++;
      continue;
    }
    const isFirst = result === '' && run === '';
    if (separators > (isFirst ? 1 : 0)) result += '.';
    separators = 0;
    if (specials.includes(char) || !/[ -~]/.test(char)) {
      run += char;
      continue;
    }
    if (char === '.' || char === '/') return fail(`imapfolder: illegal character '${char}'`);
    flush();
    result += char === '&' ? '&-' : char;
  }
  flush();
  return result;
}

function base64OfUtf16(text: Unicode): Octets {
  const bytes = Buffer.from(text, 'utf16le').swap16();
  return bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}
