/** `control = suppress_local_fixups`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'suppress_local_fixups',
  summary: 'Leaves the headers of a local submission as they are.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['mail', 'rcpt', 'predata', 'not_smtp_start'],
  takesOptions: false,
  apply: (options, { frame }) => {
    frame.transaction?.state.controls.set('suppress_local_fixups', options);
    return ok(undefined);
  },
});
