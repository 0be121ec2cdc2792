/** The truth values of `condition =` and similar: Spec ch. 44 "ACL conditions". */
import type { Octets } from '../base/octets.ts';
import { lowerCase } from '../base/octets.ts';

/** Undefined when the string is neither: the condition then defers. */
export function parseTruth(text: Octets): boolean | undefined {
  if (text === '') return false;
  const number = /^[+-]?([0-9]+)$/.exec(text);
  if (number) return number[1]?.replace(/^0+/, '') !== '';
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
