/** `acl{{name}{arg1}…}`. Spec ch. 11 "Expansion conditions", ch. 44. */
import { defineCondition } from '../../core/define/expansion.ts';
import { chain } from '../../core/maybe-promise.ts';
import { ok } from '../../core/outcome.ts';
import { emptyText } from '../../core/text.ts';
import { withTexts } from '../branches.ts';

export default defineCondition({
  name: 'acl',
  summary: 'The ACL accepts; its message is $value.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if acl{foo}{y}{n}}', { kind: 'fail', message: 'too few arguments or bracketing error for acl' }]],
  arguments: [{ kind: 'group', min: 1, max: 10 }],
  compile: ([expressions]) => (frame) =>
    withTexts(expressions, frame, ([name = emptyText, ...args]) =>
      chain(frame.services.acls.call(name, args, frame), (outcome) => {
        if (outcome.kind !== 'ok') return outcome;
        return ok({ value: outcome.value.accepted, found: outcome.value.message });
      }),
    ),
});
