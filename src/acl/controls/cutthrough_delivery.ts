/** `control = cutthrough_delivery`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'cutthrough_delivery',
  summary:
    'The message is delivered while its sender waits for the reply; /defer=pass tells the sender of temporary errors instead of keeping the message, /sender=transport uses the return_path of the transport. Only the first recipient can ask for it.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: 'all',
  takesOptions: true,
  apply: (options, { frame, phase }) => {
    if (phase !== 'rcpt') return ok(undefined); // no recipient can be asked for: as if it were not there
    const state = frame.transaction?.state;
    if (state === undefined || state.recipients.length > 0 || state.cutthrough === 'off') return ok(undefined);
    state.controls.set('cutthrough_delivery', options);
    return ok(undefined);
  },
});
