/** `message = <text>`: the reply’s text when this statement ends the ACL. */
import { defineAclModifier, ok } from '../../core/index.ts';

export default defineAclModifier({
  name: 'message',
  summary: 'Sets the text of the SMTP reply, expanded when the statement ends the ACL; it may begin with a reply code.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: false,
  apply: (_, context, source) => {
    context.statement.message = source.template;
    return ok(undefined);
  },
});
