/** `control = caseful_local_part`. */
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'caseful_local_part',
  summary: '$local_part of this recipient has the case in which it was given.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['rcpt'],
  takesOptions: false,
  apply: (_, { frame }) => {
    const recipient = frame.transaction?.state.currentRecipient;
    if (frame.transaction && recipient) {
      const localPart = recipient.originalLocalPart ?? recipient.localPart;
      frame.transaction.state.currentRecipient = { ...recipient, localPart };
    }
    return ok(undefined);
  },
});
