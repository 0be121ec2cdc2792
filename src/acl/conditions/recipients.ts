/** `recipients = <address list>`: the recipient, or (an extension) any recipient of a message that was not received over SMTP. */

import type { AclContext, Judged, ListMatch, MaybePromise, Outcome } from '../../core/index.ts';
import { chain, chainEach, chainOk, defineAclCondition, ok, tainted } from '../../core/index.ts';
import { judgeMatch, listSource } from '../list-condition.ts';

export default defineAclCondition({
  name: 'recipients',
  summary: 'True when the recipient address is in the address list. In acl_not_smtp (an extension): when any recipient is.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: ['rcpt', 'not_smtp'],
  isExpanded: false,
  listKind: 'address',
  prepare: (argument) => {
    const list = listSource('address', argument);
    const matchOne = (address: string, context: AclContext): MaybePromise<Outcome<ListMatch>> =>
      context.frame.services.lists.matchAddress(list, tainted(address), context.frame);
    return {
      test: (_, context): MaybePromise<Outcome<Judged>> => {
        const { frame } = context;
        if (context.phase === 'rcpt') {
          const address = frame.transaction?.state.currentRecipient?.address ?? '';
          return judgeMatch(matchOne(address, context), context, (data) => {
            if (data) frame.results.recipientData = data;
          });
        }
        const recipients = frame.transaction?.state.recipients ?? frame.message?.recipients ?? [];
        const decided = chainEach(recipients, (recipient) =>
          chain(
            chainOk(matchOne(recipient.address, context), (match) => ok<Judged>({ value: match.matched })),
            (outcome) => (outcome.kind === 'ok' && !outcome.value.value ? undefined : outcome),
          ),
        );
        return chain(decided, (outcome) => outcome ?? ok({ value: false }));
      },
    };
  },
});
