/** `control = dkim_disable_verify`. */
import { defineAclControl, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclControl({
  name: 'dkim_disable_verify',
  summary: 'DKIM signatures are not verified for this message.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: allPhasesBut('data', 'dkim', 'prdr', 'not_smtp', 'not_smtp_mime'),
  takesOptions: false,
  apply: (options, { frame }) => {
    frame.transaction?.state.controls.set('dkim_disable_verify', options);
    return ok(undefined);
  },
});
