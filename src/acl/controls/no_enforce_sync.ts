/** `control = no_enforce_sync`. */
import { defineAclControl, ok } from '../../core/index.ts';
import { SESSION_PHASES } from '../phases.ts';

export default defineAclControl({
  name: 'no_enforce_sync',
  summary: 'Clients that do not wait their turn are tolerated.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: SESSION_PHASES,
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_enforce_sync', '');
    frame.session?.state.controls.delete('enforce_sync');
    return ok(undefined);
  },
});
