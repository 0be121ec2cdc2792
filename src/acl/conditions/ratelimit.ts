/** `ratelimit`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'ratelimit',
  summary: 'Measures the rate of an event and compares it with a limit.',
  spec: 'ch. 44 "Rate limiting incoming messages"',
  permittedIn: 'all',
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "ratelimit" is not built yet') }),
});
