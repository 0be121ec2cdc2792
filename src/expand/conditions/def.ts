/** `def:variable` and `def:h_header:`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import type { Judged } from '../../core/frame.ts';
import { chain } from '../../core/maybe-promise.ts';
import type { NotOk, Outcome } from '../../core/outcome.ts';
import type { Text } from '../../core/text.ts';
import { judged } from '../judged.ts';

export default defineCondition({
  name: 'def',
  summary: 'The variable is not empty, or the message has the header.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if def:acl_m0 {y}{n}}', 'n'],
    ['${if def:h_subject:{y}{n}}', 'n'],
    ['${if def:foo {y}{n}}', { kind: 'fail', message: 'unknown variable "foo" after "def:"' }],
    ['${if def{y}{n}}', { kind: 'fail', message: '":" expected after "def"' }],
  ],
  arguments: [{ kind: 'variable' }],
  compile: ([{ read, isHeader }]) => {
    const decide = (value: Text | undefined | NotOk): Outcome<Judged> => {
      if (value === undefined) return judged(false);
      if ('kind' in value) return value;
      return judged(isHeader || value.octets !== '');
    };
    return (frame) => chain(read(frame), decide);
  },
});
