/** `control = no_mbox_unspool`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'no_mbox_unspool',
  summary: 'The directory in which the message was scanned is kept, with all its files.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['mail', 'rcpt', 'predata', 'data', 'mime'],
  takesOptions: false,
  apply: (options, { frame }) => {
    frame.transaction?.state.controls.set('no_mbox_unspool', options);
    return ok(undefined);
  },
});
