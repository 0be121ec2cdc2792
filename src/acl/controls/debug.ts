/** `control = debug`. */
import { defer, defineAclControl } from '../../core/index.ts';

export default defineAclControl({
  name: 'debug',
  summary: 'Writes a debug log.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: 'all',
  takesOptions: true,
  isNotYet: true,
  apply: () => defer('ACL control "debug" is not built yet'),
});
