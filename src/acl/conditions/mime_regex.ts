/** `mime_regex`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'mime_regex',
  summary: 'Matches the decoded MIME part against regular expressions.',
  spec: 'ch. 45 "Scanning with regular expressions"',
  permittedIn: ['mime', 'not_smtp_mime'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "mime_regex" is not built yet') }),
});
