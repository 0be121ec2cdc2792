/** `set acl_m… = <value>`: ACL variables of the message and of the connection; and what a DKIM ACL says of a signature. */
import { type AclContext, defineAclModifier, fail, ok, type Text } from '../../core/index.ts';

export default defineAclModifier({
  name: 'set',
  summary:
    'Sets an ACL variable: acl_m… for the message, acl_c… for the connection; or dkim_verify_status and dkim_verify_reason in the DKIM ACL.',
  spec: 'ch. 44 "ACL variables"',
  permittedIn: 'all',
  isExpanded: true,
  apply: (value, context, { variable }) => {
    const { frame } = context;
    if (variable === undefined) return fail('"set" without a variable');
    if (variable.startsWith('dkim_')) setDkim(variable, value, context);
    else if (variable.startsWith('acl_c')) frame.session?.state.origin.aclC.set(variable, value);
    else frame.transaction?.state.aclM.set(variable, value);
    return ok(undefined);
  },
});

/** Before and behind the DKIM ACL there is nothing that it could change. */
function setDkim(variable: string, { octets }: Text, { phase, frame }: AclContext): void {
  const dkim = frame.transaction?.state.dkim;
  if (phase !== 'dkim' || dkim === undefined) return;
  if (variable === 'dkim_verify_status') dkim.status = octets;
  else dkim.reason = octets;
}
