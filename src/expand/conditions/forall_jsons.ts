/** `forall_jsons{list}{condition}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { quantify } from '../combination.ts';
import { jsonStringItems } from '../list-items.ts';

export default defineCondition({
  name: 'forall_jsons',
  summary: 'The condition is true for every item of the JSON array of strings, without their quotes, which is $item in it.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if forall_jsons{["b", "a"]}{eq{$item}{a}}{y}{n}}', 'n']],
  arguments: [{ kind: 'string' }, { kind: 'braced-condition', label: '' }],
  compile: ([list, condition]) => quantify(list, condition, jsonStringItems, false),
});
