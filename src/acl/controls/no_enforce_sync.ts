/** `control = no_enforce_sync`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'no_enforce_sync',
  summary: 'Clients that do not wait their turn are tolerated.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: [
    'prdr',
    'connect',
    'helo',
    'mail',
    'auth',
    'starttls',
    'rcpt',
    'predata',
    'data',
    'mime',
    'dkim',
    'vrfy',
    'expn',
    'etrn',
    'mailauth',
    'quit',
    'notquit',
  ],
  takesOptions: false,
  apply: (_, { frame }) => {
    frame.session?.state.controls.set('no_enforce_sync', '');
    frame.session?.state.controls.delete('enforce_sync');
    return ok(undefined);
  },
});
