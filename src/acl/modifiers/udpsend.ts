/** `udpsend`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclModifier } from '../../core/index.ts';

export default defineAclModifier({
  name: 'udpsend',
  summary: 'Sends a UDP packet.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isNotYet: true,
  isExpanded: true,
  apply: () => defer('ACL modifier "udpsend" is not built yet'),
});
