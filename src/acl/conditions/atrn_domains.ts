/** `atrn_domains`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'atrn_domains',
  summary: 'Compares the domains of an ATRN command.',
  spec: 'ch. 44 "ACL conditions"',
  permittedIn: ['atrn'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "atrn_domains" is not built yet') }),
});
