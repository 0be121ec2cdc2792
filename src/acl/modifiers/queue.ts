/** `queue = <name>`: the named queue for the message’s spool files. */
import { defer, defineAclModifier, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclModifier({
  name: 'queue',
  summary: 'Chooses the named queue of the message; empty for the default queue. Named queues are not built yet.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: allPhasesBut('not_smtp', 'prdr', 'data'),
  isExpanded: true,
  apply: (argument, { frame }) => {
    if (argument.octets === '') return ok(undefined);
    frame.services.log.panic('ACL modifier "queue": named queues are not built yet');
    return defer('named queues are not built yet');
  },
});
