/** `or{{c1}{c2}…}`. Spec ch. 11 "Combining expansion conditions". */

import { defineCondition } from '../../core/define/expansion.ts';
import { combine } from '../combination.ts';

export default defineCondition({
  name: 'or',
  summary: 'One of the conditions is true; evaluated from left to right until one is.',
  spec: 'ch. 11 "Combining expansion conditions"',
  examples: [
    ['${if or{{eq{a}{b}}{eq{b}{b}}}{y}{n}}', 'y'],
    ['${if or{{eq{a}{b}}{eq{b}{c}}}{y}{n}}', 'n'],
    ['${if or{{match{abc}{(b)}}{match{abc}{(c)}}}{$1}{n}}', 'b'],
  ],
  arguments: [{ kind: 'conditions' }],
  compile: ([conditions]) => combine(conditions, true),
});
