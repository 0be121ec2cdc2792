/** `control = no_multiline_responses`. */
import { defineAclControl, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclControl({
  name: 'no_multiline_responses',
  summary: 'Multi-line texts become one line in replies.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start', 'not_smtp_mime'),
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_multiline_responses', '');
    return ok(undefined);
  },
});
