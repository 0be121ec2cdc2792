/** `control = wellknown`. */
import { defer, defineAclControl } from '../../core/index.ts';

export default defineAclControl({
  name: 'wellknown',
  summary: 'Answers a WELLKNOWN command from a file.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['wellknown'],
  takesOptions: true,
  isNotYet: true,
  apply: () => defer('ACL control "wellknown" is not built yet'),
});
