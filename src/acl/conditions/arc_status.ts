/** `arc_status`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'arc_status',
  summary: 'Compares the result of ARC verification.',
  spec: 'ch. 58 "SPF, DMARC, ARC"',
  permittedIn: ['data'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "arc_status" is not built yet') }),
});
