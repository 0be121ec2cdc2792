/** `${acl{name}{arg}…}`. Spec ch. 11 "Expansion items", ch. 44. */
import { defineItem } from '../../core/define/expansion.ts';
import { chain } from '../../core/maybe-promise.ts';
import { mapOutcome } from '../../core/outcome.ts';
import { callAcl } from '../acl-call.ts';

export default defineItem({
  name: 'acl',
  summary: 'Calls an ACL with arguments ($acl_arg1 …); its message is the value.',
  spec: 'ch. 11 "Expansion items"',
  examples: [['${acl}', { kind: 'fail', message: "Not enough arguments for 'acl' (min is 1)" }]],
  mentions: { string: 0, kind: 'acl' },
  arguments: [{ kind: 'strings', min: 1, max: 10 }],
  compile:
    ([expressions]) =>
    (frame) =>
      chain(callAcl(expressions, frame), (outcome) => mapOutcome(outcome, ({ message }) => message)),
});
