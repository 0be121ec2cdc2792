/** `spam`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'spam',
  summary: 'True when SpamAssassin or Rspamd calls the message spam.',
  spec: 'ch. 45 "Scanning with SpamAssassin and Rspamd"',
  permittedIn: ['data', 'prdr', 'not_smtp'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "spam" is not built yet') }),
});
