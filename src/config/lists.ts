/** Lists in options that are not expanded. Spec ch. 6 "List construction", "Changing list separators", "Empty items in lists". */
import type { Octets } from '../base/octets.ts';
import { isAlnumCode, isSpaceCode, skipSpace, trimSpace } from '../base/octets.ts';

/**
 * The items of a list, trimmed. A doubled separator is one literal character, `<;` at the start changes the separator, an empty last
 * item is none.
 */
export function splitList(list: Octets): Octets[] {
  const { separator, from } = listSeparator(list);
  const isControl = separator < ' ' || separator === '\x7f';
  const items: Octets[] = [];
  let item = '';
  let at = from;
  for (;;) {
    const end = list.indexOf(separator, at);
    if (end < 0) break;
    item += list.slice(at, end);
    at = end + 1;
    if (!isControl && list[at] === separator) {
      item += separator;
      at++;
    } else {
      items.push(trimSpace(item));
      item = '';
    }
  }
  const last = trimSpace(item + list.slice(at));
  return last === '' ? items : [...items, last];
}

/** The separator and where the items begin. */
export function listSeparator(list: Octets): { readonly separator: string; readonly from: number } {
  const start = skipSpace(list, 0);
  const candidate = list[start + 1] ?? '';
  const code = candidate.charCodeAt(0);
  const isPunctuation = candidate !== '' && code > 0x20 && code < 0x7f && !isAlnumCode(code);
  const isControl = candidate !== '' && (code < 0x20 || code === 0x7f);
  if (list[start] !== '<' || !(isPunctuation || (isControl && !(isSpaceCode(code) && code !== 0x0a)))) return { separator: ':', from: start };
  return { separator: candidate, from: start + 2 };
}
