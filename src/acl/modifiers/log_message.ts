/** `log_message = <text>`: what is logged when the statement denies or warns. */
import { defineAclModifier, ok } from '../../core/index.ts';

export default defineAclModifier({
  name: 'log_message',
  summary: 'Sets the text that is logged when the statement denies access or a warning applies; added before a condition’s own text.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: false,
  apply: (_, context, source) => {
    context.statement.logMessage = source.template;
    return ok(undefined);
  },
});
