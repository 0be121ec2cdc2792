/** `senders = <address list>`: the envelope sender. */
import { defineAclCondition, mailOf, tainted } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclCondition({
  name: 'senders',
  summary: 'True when the envelope sender is in the address list; an empty item matches the null sender of bounces.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: allPhasesBut('auth', 'connect', 'helo', 'mailauth', 'quit', 'etrn', 'expn', 'starttls', 'vrfy'),
  isExpanded: false,
  listKind: 'address',
  prepare: (argument) => {
    const list = listSource('address', argument);
    return {
      test: (_, context) => {
        const { frame } = context;
        return judgeMatch(frame.services.lists.matchAddress(list, tainted(mailOf(frame)?.sender ?? ''), frame), context, (data) => {
          if (data) frame.results.senderData = data;
        });
      },
    };
  },
});
