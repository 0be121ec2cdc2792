/** `control = no_callout_flush`. */
import { defineAclControl, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclControl({
  name: 'no_callout_flush',
  summary: 'A callout does not send the replies before it.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start', 'not_smtp_mime'),
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_callout_flush', '');
    return ok(undefined);
  },
});
