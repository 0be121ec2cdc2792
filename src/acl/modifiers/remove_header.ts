/** `remove_header = <names>`: header lines that the accepted message shall not have. */
import { trimSpace } from '../../base/octets.ts';
import { defer, defineAclModifier, ok } from '../../core/index.ts';
import { MESSAGE_PHASES } from '../phases.ts';

export default defineAclModifier({
  name: 'remove_header',
  summary:
    'Removes the named header lines from the message; names are a list and may end in a wildcard; an item that begins with a circumflex is a regular expression for whole lines.',
  spec: 'ch. 44 "Removing header lines in ACLs"',
  permittedIn: MESSAGE_PHASES.filter((phase) => phase !== 'dkim'),
  isExpanded: true,
  apply: (argument, { frame }) => {
    const names = frame.services.lists
      .split(argument.octets)
      .map((name) => trimSpace(name))
      .filter((name) => name !== '');
    for (const name of names) {
      const compiled = name.startsWith('^') ? frame.services.regexes.compile(name) : undefined;
      if (compiled?.kind === 'error')
        return defer(`regular expression error in remove_header: ${compiled.message} at offset ${compiled.offset} while compiling ${name}`);
    }
    frame.transaction?.state.removedHeaders.push(...names);
    return ok(undefined);
  },
});
