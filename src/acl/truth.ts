/** The truth values of `condition =` and similar: Spec ch. 44 "ACL conditions". */
import type { Octets } from '../base/octets.ts';
import { isDigitCode, lowerCase } from '../base/octets.ts';

/** Undefined when the string is neither: the condition then defers. */
export function parseTruth(text: Octets): boolean | undefined {
  if (text === '') return false;
  if (isDigitCode(text.charCodeAt(0))) return /^[0-9]+/.exec(text)?.[0].replace(/^0+/, '') !== '';
  switch (lowerCase(text)) {
    case 'yes':
    case 'true':
      return true;
    case 'no':
    case 'false':
      return false;
    default:
      return undefined;
  }
}
