/** The contents of named lists, for `${listnamed:}`. Spec ch. 11 "Expansion operators". */
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import type { NamedList, NamedListKind } from '../core/config.ts';
import type { Frame } from '../core/frame.ts';
import { fail, type NotOk } from '../core/outcome.ts';
import { type Text, untainted } from '../core/text.ts';

const KINDS: ReadonlyMap<string, NamedListKind> = new Map([
  ['a', 'addresslist'],
  ['d', 'domainlist'],
  ['h', 'hostlist'],
  ['l', 'localpartlist'],
]);
const KIND_NAMES: Readonly<Record<NamedListKind, string>> = {
  addresslist: 'address',
  domainlist: 'domain',
  hostlist: 'host',
  localpartlist: 'localpart',
};
const MAX_DEPTH = 20;

/** `name` may begin with a plus. All items in one line with ` : ` between them, those of a list that it refers to in place of its name. */
export function namedListText(name: Text, suffix: Octets | undefined, frame: Frame): Text | NotOk {
  const bare = name.octets.startsWith('+') ? name.octets.slice(1) : name.octets;
  const kind = suffix === undefined ? undefined : KINDS.get(suffix.charAt(0));
  if (suffix !== undefined && kind === undefined) return fail('bad suffix on "list" operator');
  const list = findList(bare, kind === undefined ? [...KINDS.values()] : [kind], frame);
  if (!list) return fail(`"${bare}" is not a ${kind === undefined ? '' : `${KIND_NAMES[kind]} `}named list`);
  const items = flatItems(list, frame, 0);
  return 'kind' in items ? items : untainted(items.join(' : '));
}

function findList(name: Octets, kinds: readonly NamedListKind[], frame: Frame): NamedList | undefined {
  for (const kind of kinds) {
    const list = frame.config.namedLists[kind].get(name);
    if (list) return list;
  }
  return undefined;
}

/** As in Exim a colon is doubled in the items of lists with another separator only. */
function flatItems(list: NamedList, frame: Frame, depth: number): Octets[] | NotOk {
  const { items, separator } = parseList(list.template.source);
  const written: Octets[] = [];
  for (const item of items) {
    if (!item.startsWith('+') || depth > MAX_DEPTH) {
      written.push(separator === ':' ? item : item.replaceAll(':', '::'));
      continue;
    }
    const referred = frame.config.namedLists[list.kind].get(item.slice(1));
    if (!referred) return fail(`"${item.slice(1)}" is not a named list`);
    const inner = flatItems(referred, frame, depth + 1);
    if ('kind' in inner) return inner;
    written.push(...inner);
  }
  return written;
}
