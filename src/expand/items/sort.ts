/** `${sort{list}{comparator}{extractor}}`. Spec ch. 11 "Expansion items". */
import { type Octets, trimSpace } from '../../base/octets.ts';
import { defineItem, type Expression } from '../../core/define/expansion.ts';
import { type Frame, withLocal } from '../../core/frame.ts';
import { chainEach, type MaybePromise } from '../../core/maybe-promise.ts';
import { fail, type NotOk, type Outcome, ok } from '../../core/outcome.ts';
import { emptyText, type Text } from '../../core/text.ts';
import { withTexts } from '../branches.ts';
import { type Comparator, comparators } from '../comparison.ts';
import { Cursor, conditionNameExpected } from '../lexer.ts';
import { ListBuilder } from '../list-builder.ts';
import { splitText, type TextList } from '../list-items.ts';

export default defineItem({
  name: 'sort',
  summary: 'A list sorted by what the extractor, with $item, gives for each item; the comparator is a condition such as `<` or `lti`.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${sort{3:2:1:4}{<}{$item}}', '1:2:3:4'],
    ['${sort{B:a:C}{gei}{$item}}', 'C:B:a'],
    ['${sort{a1:b1:a2:b2}{lt}{${length_1:$item}}}', 'a1:a2:b1:b2'],
    ['${sort{3:2:1}{eq}{$item}}', { kind: 'fail', message: 'comparator not handled for sort' }],
  ],
  arguments: [
    { kind: 'string', label: 'list arg' },
    { kind: 'string', label: 'comparator arg', isDollarLiteral: true },
    { kind: 'string', label: 'extractor arg', keepsSource: true },
  ],
  compile:
    ([list, comparator, extractor]) =>
    (frame) =>
      withTexts([list, comparator], frame, ([source = emptyText, name = emptyText]) => {
        const compare = findComparator(name.octets);
        return typeof compare === 'function' ? sortItems(splitText(source), compare, extractor, frame) : compare;
      }),
});

/** Equality puts nothing in order. */
const UNORDERED: ReadonlySet<string> = new Set(['=', '==', 'eq', 'eqi']);

/** Read like a condition: what stands behind the name does not count. */
function findComparator(text: Octets): Comparator | NotOk {
  const name = new Cursor(text).conditionName();
  if (name === '') return conditionNameExpected(text);
  const compare = UNORDERED.has(name) ? undefined : comparators.get(name);
  return compare ?? fail('comparator not handled for sort');
}

interface Entry {
  readonly item: Text;
  /** Without white space around it: Exim keeps the keys in a list. */
  readonly key: Octets;
}

/** By insertion, as Exim: each item goes before the first one that it sorts before. */
function sortItems({ separator, items }: TextList, compare: Comparator, extractor: Expression, frame: Frame): MaybePromise<Outcome<Text>> {
  const sorted: Entry[] = [];
  const insert = (item: Text, outcome: Outcome<Text>): NotOk | undefined => {
    // What could not be parsed has no source, and its own message
    if (outcome.kind !== 'ok' && extractor.source === undefined) return outcome;
    const key = outcome.kind === 'ok' ? outcome.value.octets : '';
    // Exim takes an empty key for none
    if (key === '')
      return { kind: outcome.kind === 'defer' ? 'defer' : 'fail', message: `field-extract in sort: "${extractor.source ?? ''}"` };
    for (let i = 0; i < sorted.length; i++) {
      const other = sorted[i]?.key ?? '';
      if (other === '') return fail('Internal error in sort (list mismatch)');
      // What are no numbers have no order: Exim leaves them where they are.
      if (compare(key, other) !== true) continue;
      sorted.splice(i, 0, { item, key: trimSpace(key) });
      return undefined;
    }
    sorted.push({ item, key: trimSpace(key) });
    return undefined;
  };
  const finish = (failed: NotOk | undefined): Outcome<Text> => {
    if (failed) return failed;
    const built = new ListBuilder(separator);
    for (const { item } of sorted) built.add(item);
    return ok(built.text());
  };
  const failed = chainEach(items, (item) => {
    const outcome = extractor.evaluate(withLocal(frame, 'item', item));
    return outcome instanceof Promise ? outcome.then((settled) => insert(item, settled)) : insert(item, outcome);
  });
  return failed instanceof Promise ? failed.then(finish) : finish(failed);
}
