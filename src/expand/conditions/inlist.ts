/** `inlist{string}{list}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { ok } from '../../core/outcome.ts';
import { withTwo } from '../branches.ts';
import { judged } from '../judged.ts';
import { splitText } from '../list-items.ts';

export default defineCondition({
  name: 'inlist',
  summary: 'The string is an item of the list; $value is then the item, with the taint of the list.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if inlist{b}{a:b:c}{$value}{n}}', 'b'],
    ['${if inlist{x}{a:b:c}{y}{n}}', 'n'],
  ],
  arguments: [{ kind: 'string' }, { kind: 'string' }],
  compile:
    ([subject, list]) =>
    (frame) =>
      withTwo(subject, list, frame, (wanted, items) => {
        const found = splitText(items).items.find((item) => item.octets === wanted.octets);
        return found ? ok({ value: true, found }) : judged(false);
      }),
});
