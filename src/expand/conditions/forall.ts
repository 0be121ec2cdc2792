/** `forall{list}{condition}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { quantify } from '../combination.ts';
import { listItems } from '../list-items.ts';

export default defineCondition({
  name: 'forall',
  summary: 'The condition is true for every item of the list, which is $item in it.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if forall{<, a,a}{eq{$item}{a}}{y}{n}}', 'y'],
    ['${if forall{}{eq{a}{a}}{y}{n}}', 'n'],
  ],
  arguments: [{ kind: 'string' }, { kind: 'braced-condition', label: '' }],
  compile: ([list, condition]) => quantify(list, condition, listItems, false),
});
