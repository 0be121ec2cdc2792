/** `decode`: read, and named by `check`; a statement that meets it defers. */
import { defer, defineAclCondition } from '../../core/index.ts';

export default defineAclCondition({
  name: 'decode',
  summary: 'Decodes a MIME part to a file.',
  spec: 'ch. 45 "Scanning MIME parts"',
  permittedIn: ['mime', 'not_smtp_mime'],
  isNotYet: true,
  isExpanded: true,
  prepare: () => ({ test: () => defer('ACL condition "decode" is not built yet') }),
});
