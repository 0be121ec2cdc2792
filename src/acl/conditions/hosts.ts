/** `hosts = <host list>`: the sending host. */
import { defineAclCondition } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclCondition({
  name: 'hosts',
  summary: 'True when the sending host is in the host list; an empty item matches a message that did not come over TCP/IP.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start', 'not_smtp_mime'),
  isExpanded: false,
  listKind: 'host',
  prepare: (argument) => {
    const list = listSource('host', argument);
    return {
      test: (_, context) => {
        const { frame } = context;
        const origin = frame.session?.state.origin;
        const subject = { address: origin?.hostAddress, name: origin?.hostName, aliases: origin?.hostAliases ?? [], isSender: true };
        return judgeMatch(frame.services.lists.matchHost(list, subject, frame), context, (data) => {
          if (data) frame.results.hostData = data;
        });
      },
    };
  },
});
