/** `dmarc_status`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'dmarc_status',
  summary: 'Compares the result of DMARC.',
  spec: 'ch. 58 "DMARC"',
  permittedIn: ['data'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "dmarc_status" is not built yet') }),
});
