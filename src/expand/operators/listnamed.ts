/** `${listnamed:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { namedListText } from '../named-list.ts';

export default defineOperator({
  name: 'listnamed',
  summary: 'What a named list of the configuration holds; a letter after an underscore says of which kind (a, d, h, l).',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${listnamed:foo}', { kind: 'fail', message: '"foo" is not a named list' }],
    ['${listnamed_x:foo}', { kind: 'fail', message: 'bad suffix on "list" operator' }],
  ],
  apply: (text, frame, suffix) => namedListText(text, suffix, frame),
});
