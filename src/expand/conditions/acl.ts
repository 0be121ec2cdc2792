/** `acl{{name}{arg1}…}`. Spec ch. 11 "Expansion conditions", ch. 44. */
import { defineCondition } from '../../core/define/expansion.ts';
import { chain } from '../../core/maybe-promise.ts';
import { mapOutcome } from '../../core/outcome.ts';
import { callAcl } from '../acl-call.ts';

export default defineCondition({
  name: 'acl',
  summary: 'The ACL accepts; its message is $value.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if acl{foo}{y}{n}}', { kind: 'fail', message: 'too few arguments or bracketing error for acl' }]],
  mentions: { string: 0, kind: 'acl' },
  arguments: [{ kind: 'group', min: 1, max: 10 }],
  compile:
    ([expressions]) =>
    (frame) =>
      chain(callAcl(expressions, frame), (outcome) =>
        mapOutcome(outcome, ({ accepted, message }) => ({ value: accepted, found: message })),
      ),
});
