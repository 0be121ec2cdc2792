/** `dkim_signers`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'dkim_signers',
  summary: 'True when the current signer is in the list.',
  spec: 'ch. 58 "DKIM"',
  permittedIn: ['dkim'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "dkim_signers" is not built yet') }),
});
