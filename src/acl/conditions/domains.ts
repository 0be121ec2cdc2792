/** `domains = <domain list>`: the domain of the recipient. */
import { defineAclCondition, tainted } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';

export default defineAclCondition({
  name: 'domains',
  summary: 'True when the domain of the recipient address is in the domain list; a lookup’s result is left in $domain_data.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: ['rcpt', 'vrfy', 'prdr'],
  isExpanded: false,
  listKind: 'domain',
  prepare: (argument) => {
    const list = listSource('domain', argument);
    return {
      test: (_, context) => {
        const { frame } = context;
        const domain = frame.transaction?.state.currentRecipient?.domain ?? '';
        return judgeMatch(frame.services.lists.matchDomain(list, tainted(domain), frame), context, (data) => {
          if (data) frame.results.domainData = data;
        });
      },
    };
  },
});
