/** `control = cutthrough_delivery`. */
import { defer, defineAclControl } from '../../core/index.ts';

export default defineAclControl({
  name: 'cutthrough_delivery',
  summary: 'Delivers while the message is received.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['rcpt'],
  takesOptions: true,
  isNotYet: true,
  apply: () => defer('ACL control "cutthrough_delivery" is not built yet'),
});
