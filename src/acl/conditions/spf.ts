/** `spf`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'spf',
  summary: 'Compares the result of SPF.',
  spec: 'ch. 58 "SPF"',
  permittedIn: ['mail', 'rcpt', 'predata', 'data', 'mime', 'dkim', 'prdr', 'quit', 'notquit'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "spf" is not built yet') }),
});
