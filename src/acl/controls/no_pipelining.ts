/** `control = no_pipelining`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'no_pipelining',
  summary: 'PIPELINING is not advertised.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['connect', 'helo'],
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_pipelining', '');
    return ok(undefined);
  },
});
