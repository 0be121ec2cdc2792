/** `forany_json{list}{condition}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { quantify } from '../combination.ts';
import { jsonItems } from '../list-items.ts';

export default defineCondition({
  name: 'forany_json',
  summary: 'The condition is true for an item of the JSON array, which is $item in it.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if forany_json{[1, "a"]}{eq{$item}{"a"}}{y}{n}}', 'y']],
  arguments: [{ kind: 'string' }, { kind: 'braced-condition', label: '' }],
  compile: ([list, condition]) => quantify(list, condition, jsonItems, true),
});
