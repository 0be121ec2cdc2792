/** Lists inside expansions: their items with taint, and what list matching answers. Spec ch. 6 "List construction". */
import { parseList } from '../base/list-text.ts';
import type { Octets } from '../base/octets.ts';
import type { Judged } from '../core/frame.ts';
import { chain, type MaybePromise } from '../core/maybe-promise.ts';
import { type NotOk, type Outcome, ok } from '../core/outcome.ts';
import type { ListMatch } from '../core/ports.ts';
import { derived, isTainted, type Text, untainted } from '../core/text.ts';
import { jsonArrayItems, unquoteJson } from './json.ts';
import { judged } from './judged.ts';

export interface TextList {
  readonly separator: string;
  readonly items: readonly Text[];
}

/** Items of a tainted list are tainted. */
export function splitText(list: Text): TextList {
  const { separator, items } = parseList(list.octets);
  const make = isTainted(list) ? (item: Octets) => derived(item, list) : untainted;
  return { separator, items: items.map(make) };
}

export function listItems(list: Text): Outcome<readonly Text[]> {
  return ok(splitText(list).items);
}

export function jsonItems(array: Text): Outcome<readonly Text[]> {
  const items = jsonArrayItems(array.octets);
  return items.kind === 'ok' ? ok(items.value.map((item) => derived(item, array))) : items;
}

/** Elements without the quotes of JSON strings; of what is none only its turn finds out. */
export function jsonStringItems(array: Text): Outcome<readonly (Text | NotOk)[]> {
  const items = jsonArrayItems(array.octets);
  if (items.kind !== 'ok') return items;
  return ok(
    items.value.map((item) => {
      const unquoted = unquoteJson(item);
      return unquoted.kind === 'ok' ? derived(unquoted.value, array) : unquoted;
    }),
  );
}

/** The answer of a list match as a condition's result: captures as `$1`…, the item that matched (or its data) as `$value`. */
export function judgeMatch(answer: MaybePromise<Outcome<ListMatch>>, list: Text): MaybePromise<Outcome<Judged>> {
  return chain(answer, (outcome) => {
    if (outcome.kind !== 'ok')
      return outcome.kind === 'forced-fail'
        ? outcome
        : { ...outcome, message: `unable to complete match against "${list.octets}": ${outcome.message || 'NULL'}` };
    const { matched, captures, data } = outcome.value;
    if (!captures && !data) return judged(matched);
    return ok({ value: matched, ...(captures ? { captures } : {}), ...(data ? { found: data } : {}) });
  });
}
