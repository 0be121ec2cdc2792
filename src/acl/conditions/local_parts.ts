/** `local_parts = <local part list>`: the local part of the recipient. */
import { defineAclCondition, tainted } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';

export default defineAclCondition({
  name: 'local_parts',
  summary: 'True when the local part of the recipient address is in the list; a lookup’s result is left in $local_part_data.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: ['rcpt', 'vrfy', 'prdr'],
  isExpanded: false,
  listKind: 'localpart',
  prepare: (argument) => {
    const list = listSource('localpart', argument);
    return {
      test: (_, context) => {
        const { frame } = context;
        const recipient = frame.transaction?.state.currentRecipient;
        // With its case: `+caseful` in the list asks for it.
        const localPart = recipient?.originalLocalPart ?? recipient?.localPart ?? '';
        return judgeMatch(frame.services.lists.matchLocalPart(list, tainted(localPart), frame, false), context, (data) => {
          if (data) frame.results.localPartData = data;
        });
      },
    };
  },
});
