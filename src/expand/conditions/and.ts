/** `and{{c1}{c2}…}`. Spec ch. 11 "Combining expansion conditions". */

import { defineCondition } from '../../core/define/expansion.ts';
import { combine } from '../combination.ts';

export default defineCondition({
  name: 'and',
  summary: 'All of the conditions are true; evaluated from left to right until one is false.',
  spec: 'ch. 11 "Combining expansion conditions"',
  examples: [
    ['${if and{{eq{a}{a}}{eq{b}{b}}}{y}{n}}', 'y'],
    ['${if and{{eq{a}{b}}{eq{b}{b}}}{y}{n}}', 'n'],
    ['${if and{{match{abc}{(b)}}{eq{$1}{b}}}{$1}{n}}', 'b'],
    ['${if and{}{y}{n}}', 'y'],
    ['${if and{{foo}}{y}{n}}', { kind: 'fail', message: 'unknown condition "foo" inside "and{...}" condition' }],
  ],
  arguments: [{ kind: 'conditions' }],
  compile: ([conditions]) => combine(conditions, false),
});
