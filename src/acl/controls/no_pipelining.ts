/** `control = no_pipelining`. */
import { defineAclControl, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclControl({
  name: 'no_pipelining',
  summary: 'PIPELINING is not advertised.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: allPhasesBut('not_smtp', 'not_smtp_start', 'not_smtp_mime'),
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_pipelining', '');
    return ok(undefined);
  },
});
