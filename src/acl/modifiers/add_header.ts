/** `add_header = <lines>`: header lines for the message, if it is accepted. */

import { defineAclModifier, ok } from '../../core/index.ts';
import { addHeaders } from '../added-headers.ts';
import { MESSAGE_PHASES } from '../phases.ts';

export default defineAclModifier({
  name: 'add_header',
  summary: 'Adds header lines to the message; :at_start:, :at_end:, :after_received: and :at_start_rfc: say where.',
  spec: 'ch. 44 "Adding header lines in ACLs"',
  permittedIn: MESSAGE_PHASES,
  isExpanded: true,
  apply: (argument, { frame }) => {
    addHeaders(argument.octets, frame.transaction?.state);
    return ok(undefined);
  },
});
