/** `${listquote{separator}{string}}`. Spec ch. 11 "Expansion items". */
import { quoteListItem } from '../../base/list-text.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { derived, emptyText } from '../../core/text.ts';
import { eager } from '../branches.ts';

export default defineItem({
  name: 'listquote',
  summary: 'A string as an item of a list with that separator: doubled where the string holds it.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${listquote{:}{a:b}}', 'a::b'],
    ['[${listquote{:}{}}]', '[ ]'],
  ],
  arguments: [{ kind: 'strings', min: 2, max: 2 }],
  compile: eager(([separator = emptyText, item = emptyText]) => {
    const [first] = separator.octets;
    return first === undefined && item.octets !== '' ? item : derived(quoteListItem(item.octets, first ?? ''), item);
  }),
});
