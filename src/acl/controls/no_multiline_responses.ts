/** `control = no_multiline_responses`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'no_multiline_responses',
  summary: 'Multi-line texts become one line in replies.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: 'all',
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_multiline_responses', '');
    return ok(undefined);
  },
});
