/** `control = allow_auth_unadvertised`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'allow_auth_unadvertised',
  summary: 'AUTH is taken although it was not advertised.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['connect', 'helo'],
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('allow_auth_unadvertised', '');
    return ok(undefined);
  },
});
