/** `forall_json{list}{condition}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { quantify } from '../combination.ts';
import { jsonItems } from '../list-items.ts';

export default defineCondition({
  name: 'forall_json',
  summary: 'The condition is true for every item of the JSON array, which is $item in it.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if forall_json{[1, 1]}{eq{$item}{1}}{y}{n}}', 'y']],
  arguments: [{ kind: 'string' }, { kind: 'braced-condition', label: '' }],
  compile: ([list, condition]) => quantify(list, condition, jsonItems, false),
});
