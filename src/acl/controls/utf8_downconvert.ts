/** `control = utf8_downconvert`. */
import { defer, defineAclControl } from '../../core/index.ts';

export default defineAclControl({
  name: 'utf8_downconvert',
  summary: 'Converts addresses to ASCII before delivery.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['rcpt', 'vrfy'],
  takesOptions: true,
  isNotYet: true,
  apply: () => defer('ACL control "utf8_downconvert" is not built yet'),
});
