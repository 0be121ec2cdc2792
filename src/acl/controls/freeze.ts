/** `control = freeze`. */
import { defineAclControl, fail, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'freeze',
  summary: 'Freezes the message once it is accepted; /no_tell without a message to freeze_tell.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['mail', 'rcpt', 'predata', 'data', 'mime', 'not_smtp', 'not_smtp_start', 'not_smtp_mime'],
  takesOptions: true,
  apply: (options, { frame, phase }) => {
    if (options !== '' && options !== '/no_tell') return fail('');
    if (phase !== 'not_smtp_start') frame.transaction?.state.controls.set('freeze', options); // there is no message yet
    return ok(undefined);
  },
});
