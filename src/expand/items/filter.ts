/** `${filter{list}{condition}}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { type Judged, withLocal } from '../../core/frame.ts';
import { chainEach, chainOk } from '../../core/maybe-promise.ts';
import { type NotOk, type Outcome, ok } from '../../core/outcome.ts';
import type { Text } from '../../core/text.ts';
import { ListBuilder } from '../list-builder.ts';
import { splitText } from '../list-items.ts';

export default defineItem({
  name: 'filter',
  summary: 'The items of a list for which the condition, with $item, is true.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${filter{a:b:c}{!eq{$item}{b}}}', 'a:c'],
    ['${filter{<, a,b:c}{!eq{$item}{a}}}', 'b:c'],
    ['${filter{a}{foo}}', { kind: 'fail', message: 'unknown condition "foo" inside "filter" item' }],
  ],
  arguments: [
    { kind: 'string', label: 'first arg' },
    { kind: 'braced-condition', label: 'last arg' },
  ],
  compile:
    ([list, condition]) =>
    (frame) =>
      chainOk(list.evaluate(frame), (source) => {
        const { separator, items } = splitText(source);
        const built = new ListBuilder(separator);
        const decide = (item: Text, outcome: Outcome<Judged>): NotOk | undefined => {
          if (outcome.kind !== 'ok') return outcome;
          if (outcome.value.value) built.add(item);
          return undefined;
        };
        const failed = chainEach(items, (item) => {
          const outcome = condition(withLocal(frame, 'item', item));
          return outcome instanceof Promise ? outcome.then((settled) => decide(item, settled)) : decide(item, outcome);
        });
        return failed instanceof Promise ? failed.then((result) => result ?? ok(built.text())) : (failed ?? ok(built.text()));
      }),
});
