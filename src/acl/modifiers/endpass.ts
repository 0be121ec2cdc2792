/** `endpass`: a false condition after it denies. */
import { defineAclModifier, ok } from '../../core/index.ts';

export default defineAclModifier({
  name: 'endpass',
  summary: 'In accept and discard: conditions after it that are false make the ACL deny.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: false,
  takesNoArgument: true,
  verbs: ['accept', 'discard'],
  apply: (_, context) => {
    context.statement.endpassSeen = true;
    return ok(undefined);
  },
});
