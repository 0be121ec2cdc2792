/** `encrypted = <string list>`: the cipher suite of the incoming connection. */
import { defineAclCondition, ok, untainted } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclCondition({
  name: 'encrypted',
  summary: 'True when the connection is encrypted with a cipher suite in the list; * for any.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start'),
  isExpanded: false,
  prepare: (argument) => {
    const list = listSource('string', argument);
    return {
      test: (_, context) => {
        const cipher = context.frame.session?.state.origin.tls?.cipher;
        if (cipher === undefined) return ok({ value: false });
        return judgeMatch(context.frame.services.lists.matchString(list, untainted(cipher), context.frame), context, () => {});
      },
    };
  },
});
