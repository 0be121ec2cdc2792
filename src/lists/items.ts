/** The items of an expanded list, each with its taint. Spec ch. 6 "List construction"; negation: ch. 10 "Negated items in lists". */
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import { isSpaceCode, skipSpace, trimSpace } from '../base/octets.ts';
import type { Text } from '../core/text.ts';
import { derived, isTainted, sliceText, untainted } from '../core/text.ts';

/** One item as written: the pattern follows an optional `!` and white space. */
export interface RawItem {
  readonly whole: Octets;
  readonly pattern: Text;
  readonly isNegated: boolean;
}

export function readItems(list: Text): readonly RawItem[] {
  return splitText(list).map(readItem);
}

export function readItem(item: Text): RawItem {
  if (!item.octets.startsWith('!')) return { whole: item.octets, pattern: item, isNegated: false };
  return { whole: item.octets, pattern: sliceText(item, skipSpace(item.octets, 1)), isNegated: true };
}

export function splitText(list: Text): readonly Text[] {
  const { separator, items } = parseList(list.octets);
  return isTainted(list) ? withTaint(list, separator, items) : items.map(untainted);
}

/** Finds each item again in the text, to keep its spans; an item with a doubled separator is tainted as a whole when the list is. */
function withTaint(list: Text, separator: string, items: readonly Octets[]): readonly Text[] {
  let from = listStart(list.octets, separator);
  return items.map((item) => {
    const at = skipSpace(list.octets, from);
    const isPlain = list.octets.startsWith(item, at) && !item.includes(separator);
    from = afterItem(list.octets, from, separator);
    return isPlain ? sliceText(list, at, at + item.length) : derived(item, list);
  });
}

function listStart(list: Octets, separator: string): number {
  const start = skipSpace(list, 0);
  return list[start] === '<' && list[start + 1] === separator ? start + 2 : start;
}

function afterItem(list: Octets, from: number, separator: string): number {
  let at = list.indexOf(separator, from);
  while (at >= 0 && !isSpaceCode(separator.charCodeAt(0)) && list[at + 1] === separator) at = list.indexOf(separator, at + 2);
  return at < 0 ? list.length : at + 1;
}

/**
 * The lines of a file that stands in a list. In files of domains and hosts `#` begins a comment anywhere, in others only at the start
 * of a line or after white space. Spec ch. 10 "File names in lists".
 */
export function readFileItems(content: Octets, hasCommentsAnywhere: boolean): readonly RawItem[] {
  const items: RawItem[] = [];
  for (const line of content.split('\n')) {
    const item = trimSpace(stripComment(line, hasCommentsAnywhere));
    if (item !== '') items.push(readItem(untainted(item)));
  }
  return items;
}

function stripComment(line: Octets, hasCommentsAnywhere: boolean): Octets {
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
    if (hasCommentsAnywhere || at === 0 || isSpaceCode(line.charCodeAt(at - 1))) return line.slice(0, at);
  }
  return line;
}
