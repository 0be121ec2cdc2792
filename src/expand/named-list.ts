/** The contents of named lists, for `${listnamed:}`. Spec ch. 11 "Expansion operators". */
import { parseList, quoteListItem } from '../base/list-text.ts';
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
  localpartlist: 'local part',
};
const MAX_DEPTH = 20;

/** `name` may begin with a plus. Lists that it refers to are put in place of their names. */
export function namedListText(name: Text, suffix: Octets | undefined, frame: Frame): Text | NotOk {
  const bare = name.octets.startsWith('+') ? name.octets.slice(1) : name.octets;
  const kind = suffix === undefined ? undefined : KINDS.get(suffix.charAt(0));
  if (suffix !== undefined && kind === undefined) return fail('bad suffix on "list" operator');
  const list = findList(bare, kind === undefined ? [...KINDS.values()] : [kind], frame);
  if (!list) return fail(`"${bare}" is not a ${kind === undefined ? '' : `${KIND_NAMES[kind]} `}named list`);
  return untainted(flatten(list, frame, 0));
}

function findList(name: Octets, kinds: readonly NamedListKind[], frame: Frame): NamedList | undefined {
  for (const kind of kinds) {
    const list = frame.config.namedLists[kind].get(name);
    if (list) return list;
  }
  return undefined;
}

/** A list without references stays as it is written. */
function flatten(list: NamedList, frame: Frame, depth: number): Octets {
  const { source } = list.template;
  if (!source.includes('+') || depth > MAX_DEPTH) return source;
  return parseList(source)
    .items.map((item) => {
      const referred = item.startsWith('+') ? frame.config.namedLists[list.kind].get(item.slice(1)) : undefined;
      return referred ? flatten(referred, frame, depth + 1) : quoteListItem(item, ':');
    })
    .join(':');
}
