/** `control = no_delay_flush`. */
import { defineAclControl, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclControl({
  name: 'no_delay_flush',
  summary: 'A delay does not send the replies before it.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start', 'not_smtp_mime'),
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_delay_flush', '');
    return ok(undefined);
  },
});
