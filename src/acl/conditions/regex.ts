/** `regex`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'regex',
  summary: 'Matches the message against regular expressions.',
  spec: 'ch. 45 "Scanning with regular expressions"',
  permittedIn: ['data', 'mime', 'not_smtp', 'not_smtp_mime', 'dkim', 'prdr'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "regex" is not built yet') }),
});
