/** `sender_domains = <domain list>`: the domain of the envelope sender. */
import { defineAclCondition, mailOf, tainted } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclCondition({
  name: 'sender_domains',
  summary: 'True when the domain of the envelope sender is in the domain list (the null sender has an empty one).',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: allPhasesBut('auth', 'connect', 'helo', 'mailauth', 'quit', 'etrn', 'expn', 'starttls', 'vrfy'),
  isExpanded: false,
  listKind: 'domain',
  prepare: (argument) => {
    const list = listSource('domain', argument);
    return {
      test: (_, context) => {
        const { frame } = context;
        const sender = mailOf(frame)?.sender ?? '';
        const at = sender.lastIndexOf('@');
        return judgeMatch(frame.services.lists.matchDomain(list, tainted(at < 0 ? '' : sender.slice(at + 1)), frame), context, () => {});
      },
    };
  },
});
