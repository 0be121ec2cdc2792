/** `control = caselower_local_part`. */

import { lowerCase } from '../../base/octets.ts';
import { defineAclControl, ok } from '../../core/index.ts';

export default defineAclControl({
  name: 'caselower_local_part',
  summary: '$local_part of this recipient is in lower case again.',
  spec: 'ch. 44 "Use of the control modifier"',
  permittedIn: ['rcpt'],
  takesOptions: false,
  apply: (_, { frame }) => {
    const recipient = frame.transaction?.state.currentRecipient;
    if (frame.transaction && recipient) {
      const localPart = lowerCase(recipient.localPart);
      frame.transaction.state.currentRecipient = {
        ...recipient,
        localPart,
        originalLocalPart: recipient.originalLocalPart ?? recipient.localPart,
      };
    }
    return ok(undefined);
  },
});
