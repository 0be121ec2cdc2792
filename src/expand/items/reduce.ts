/** `${reduce{list}{start}{text}}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { withLocal } from '../../core/frame.ts';
import { chainEach } from '../../core/maybe-promise.ts';
import { type NotOk, type Outcome, ok } from '../../core/outcome.ts';
import { emptyText, type Text } from '../../core/text.ts';
import { withTexts } from '../branches.ts';
import { splitText } from '../list-items.ts';

export default defineItem({
  name: 'reduce',
  summary: 'One string from a list: the text, with $item and with $value for what it gave before, is expanded for each item.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${reduce {<, 1,2,3}{0}{${eval:$value+$item}}}', '6'],
    ['${reduce {3:0:9:4:6}{0}{${if >{$item}{$value}{$item}{$value}}}}', '9'],
    ['${reduce{}{5}{x}}', '5'],
  ],
  arguments: [
    { kind: 'string', label: 'first arg' },
    { kind: 'string', label: 'second arg' },
    { kind: 'string', label: 'last arg', inside: ' inside "reduce" item' },
  ],
  compile:
    ([list, start, text]) =>
    (frame) =>
      withTexts([list, start], frame, ([source = emptyText, first = emptyText]) => {
        let value = first;
        const keep = (outcome: Outcome<Text>): NotOk | undefined => {
          if (outcome.kind !== 'ok') return outcome;
          value = outcome.value;
          return undefined;
        };
        const failed = chainEach(splitText(source).items, (item) => {
          const outcome = text.evaluate(withLocal(withLocal(frame, 'value', value), 'item', item));
          return outcome instanceof Promise ? outcome.then(keep) : keep(outcome);
        });
        return failed instanceof Promise ? failed.then((result) => result ?? ok(value)) : (failed ?? ok(value));
      }),
});
