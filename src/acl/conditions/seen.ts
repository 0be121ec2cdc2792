/** `seen`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'seen',
  summary: 'Tells whether a key was seen within an interval.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: 'all',
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "seen" is not built yet') }),
});
