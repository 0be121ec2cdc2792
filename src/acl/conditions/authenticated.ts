/** `authenticated = <string list>`: the authenticator that the client used. */
import { defineAclCondition, ok, untainted } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclCondition({
  name: 'authenticated',
  summary: 'True when the client has authenticated by one of the named authenticators; * for any.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start', 'connect', 'helo'),
  isExpanded: false,
  prepare: (argument) => {
    const list = listSource('string', argument);
    return {
      test: (_, context) => {
        const name = context.frame.session?.state.origin.authenticatorName;
        if (name === undefined) return ok({ value: false });
        return judgeMatch(context.frame.services.lists.matchString(list, untainted(name), context.frame), context, () => {});
      },
    };
  },
});
