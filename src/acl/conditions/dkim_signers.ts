/** `dkim_signers = <list of domains and identities>`. */
import { chainOk, defineAclCondition, ok, tainted } from '../../core/index.ts';

export default defineAclCondition({
  name: 'dkim_signers',
  summary: 'True when the signer that the DKIM ACL runs for is in the list.',
  spec: 'ch. 58 "Verifying DKIM signatures in incoming mail"',
  permittedIn: ['dkim'],
  isExpanded: true,
  prepare: () => ({
    test: (list, { frame }) => {
      const signer = tainted(frame.transaction?.state.dkim?.signer ?? '');
      return chainOk(frame.services.lists.matchString(list, signer, frame), ({ matched: value }) => ok({ value }));
    },
  }),
});
