/** `control = no_callout_flush`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'no_callout_flush',
  summary: 'A callout does not send the replies before it.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: 'all',
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_callout_flush', '');
    return ok(undefined);
  },
});
