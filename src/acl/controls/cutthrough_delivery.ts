/** `control = cutthrough_delivery`. */
import { defineAclControl, fail, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'cutthrough_delivery',
  summary:
    'The message is delivered while its sender waits for the reply; /defer=pass tells the sender of temporary errors instead of keeping the message, /sender=transport uses the return_path of the transport. Only the first recipient can ask for it.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['rcpt'],
  takesOptions: true,
  apply: (options, { frame }) => {
    if (!/^(?:\/(?:defer=(?:spool|pass)|sender=(?:envelope|transport)))*$/.test(options)) return fail('');
    const state = frame.transaction?.state;
    if (state === undefined || state.recipients.length > 0 || state.cutthrough !== undefined) return ok(undefined);
    state.controls.set('cutthrough_delivery', options);
    return ok(undefined);
  },
});
