/** The text of a list: separator and items. Spec ch. 6 "List construction", "Changing list separators", "Empty items in lists". */
import { isSpaceCode, type Octets, skipSpace, trimSpace } from './octets.ts';

export interface ListText {
  readonly separator: string;
  readonly items: readonly Octets[];
}

/**
 * Splits a list at `:` (or what else is `usual`), or at the separator that `<x` at its start sets (a printing character that is no letter or digit, or an escaped or
 * plain control character). A doubled separator is one literal character; an item is trimmed; an empty item stays, but a final
 * separator adds none (`a::b` is one item, `a: :b` three).
 */
export function parseList(list: Octets, usual = ':'): ListText {
  const start = skipSpace(list, 0);
  if (list.slice(start) === '<') return { separator: usual, items: [] };
  const separator = separatorAt(list, start);
  return separator === undefined
    ? { separator: usual, items: splitItems(list, start, usual) }
    : { separator, items: splitItems(list, start + 2, separator) };
}

/** The character after `<`, when it may be a separator. */
function separatorAt(list: Octets, at: number): string | undefined {
  if (list[at] !== '<' || at + 1 >= list.length) return undefined;
  const code = list.charCodeAt(at + 1);
  return isPunctuation(code) || code < 0x20 || code === 0x7f ? list[at + 1] : undefined;
}

function isPunctuation(code: number): boolean {
  return (
    (code >= 0x21 && code <= 0x2f) || (code >= 0x3a && code <= 0x40) || (code >= 0x5b && code <= 0x60) || (code >= 0x7b && code <= 0x7e)
  );
}

function splitItems(list: Octets, start: number, separator: string): Octets[] {
  const items: Octets[] = [];
  // A separator that is itself white space must not be eaten as such.
  const isSpace = isSpaceCode(separator.charCodeAt(0));
  let from = start;
  let isDoubled = false;
  for (;;) {
    let at = list.indexOf(separator, from);
    while (at >= 0 && !isSpace && list[at + 1] === separator) {
      isDoubled = true;
      at = list.indexOf(separator, at + 2);
    }
    const raw = at < 0 ? list.slice(from) : list.slice(from, at);
    const item = trimSpace(isDoubled ? raw.replaceAll(separator + separator, separator) : raw);
    if (at < 0) {
      if (item !== '') items.push(item);
      return items;
    }
    items.push(item);
    from = at + 1;
    isDoubled = false;
  }
}

/** An item as it is written into a list with that separator: doubled where it holds it, a space when it is empty. */
export function quoteListItem(item: Octets, separator: string): Octets {
  if (item === '') return ' ';
  return item.includes(separator) ? item.replaceAll(separator, separator + separator) : item;
}
