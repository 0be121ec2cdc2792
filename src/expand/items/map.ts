/** `${map{list}{text}}`. Spec ch. 11 "Expansion items". */
import { defineItem } from '../../core/define/expansion.ts';
import { withLocal } from '../../core/frame.ts';
import { chainEach, chainOk } from '../../core/maybe-promise.ts';
import { ok } from '../../core/outcome.ts';
import { ListBuilder } from '../list-builder.ts';
import { splitText } from '../list-items.ts';

export default defineItem({
  name: 'map',
  summary: 'A list of what the text gives for each item of a list, which is $item in it.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${map{a:b:c}{[$item]}} ${map{<- x-y-z}{($item)}}', '[a]:[b]:[c] (x)-(y)-(z)'],
    ['${map{}{x}}', ''],
    ['${map{a}{$foo}}', { kind: 'fail', message: 'unknown variable name "foo" inside "map" item' }],
  ],
  arguments: [
    { kind: 'string', label: 'first arg' },
    { kind: 'string', label: 'last arg', inside: ' inside "map" item' },
  ],
  compile:
    ([list, text]) =>
    (frame) =>
      chainOk(list.evaluate(frame), (source) => {
        const { separator, items } = splitText(source);
        const built = new ListBuilder(separator);
        const failed = chainEach(items, (item) => {
          const outcome = text.evaluate(withLocal(frame, 'item', item));
          return outcome instanceof Promise ? outcome.then((settled) => built.addOutcome(settled)) : built.addOutcome(outcome);
        });
        return failed instanceof Promise ? failed.then((result) => result ?? ok(built.text())) : (failed ?? ok(built.text()));
      }),
});
