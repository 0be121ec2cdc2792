/** `remove_header = <names>`: header lines that the accepted message shall not have. */
import { trimSpace } from '../../base/octets.ts';
import { defineAclModifier, ok } from '../../core/index.ts';
import { MESSAGE_PHASES } from '../phases.ts';

export default defineAclModifier({
  name: 'remove_header',
  summary: 'Removes the named header lines from the message; names are a list and may end in a wildcard or be regular expressions.',
  spec: 'ch. 44 "Removing header lines in ACLs"',
  permittedIn: MESSAGE_PHASES,
  isExpanded: true,
  apply: (argument, { frame }) => {
    const names = frame.services.lists
      .split(argument.octets)
      .map((name) => trimSpace(name))
      .filter((name) => name !== '');
    frame.transaction?.state.removedHeaders.push(...names);
    return ok(undefined);
  },
});
