/** `${listcount:…}`. Spec ch. 11 "Expansion operators". */
import { parseList } from '../../base/list-text.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { untainted } from '../../core/text.ts';

export default defineOperator({
  name: 'listcount',
  summary: 'The number of items of a list.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${listcount:a:b:c}', '3'],
    ['${listcount:<, a,b}', '2'],
    ['${listcount:}', '0'],
  ],
  transform: (text) => untainted(String(parseList(text.octets).items.length)),
});
