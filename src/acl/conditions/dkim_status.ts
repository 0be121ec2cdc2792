/** `dkim_status`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'dkim_status',
  summary: 'Compares the status of the signature that is checked.',
  spec: 'ch. 58 "DKIM"',
  permittedIn: ['dkim', 'data', 'mime', 'prdr'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "dkim_status" is not built yet') }),
});
