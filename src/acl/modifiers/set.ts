/** `set acl_m… = <value>`: ACL variables of the message and of the connection. */
import { defineAclModifier, fail, ok } from '../../core/index.ts';

export default defineAclModifier({
  name: 'set',
  summary: 'Sets an ACL variable: acl_m… for the message, acl_c… for the connection.',
  spec: 'ch. 44 "ACL variables"',
  permittedIn: 'all',
  isExpanded: true,
  apply: (value, { frame }, source) => {
    const { variable } = source;
    if (variable === undefined) return fail('"set" without a variable');
    const store = variable.startsWith('acl_c') ? frame.session?.state.origin.aclC : frame.transaction?.state.aclM;
    store?.set(variable, value);
    return ok(undefined);
  },
});
