/** `control = enforce_sync`. */
import { defineAclControl, ok } from '../../core/index.ts';
import { SESSION_PHASES } from '../phases.ts';

export default defineAclControl({
  name: 'enforce_sync',
  summary: 'Clients that do not wait their turn are refused, whatever smtp_enforce_sync says.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: SESSION_PHASES,
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('enforce_sync', '');
    frame.session?.state.controls.delete('no_enforce_sync');
    return ok(undefined);
  },
});
