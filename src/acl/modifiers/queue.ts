/** `queue = <name>`: the named queue for messages that the session begins from then on. */
import { defineAclModifier, fail, isTainted, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclModifier({
  name: 'queue',
  summary: 'Chooses the named queue of the message, and of those that follow it in the session; empty for the default queue.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: allPhasesBut('not_smtp', 'prdr', 'data'),
  isExpanded: true,
  apply: (argument, { frame }) => {
    const { octets: name } = argument;
    // whatever `taint_mode` is: a remote party would make as many queues as it likes, which nobody runs
    if (isTainted(argument)) return fail(`Tainted name '${name}' for queue not permitted`);
    if (name.includes('/')) return fail(`Directory separator not permitted in queue name: '${name}'`);
    if (name.startsWith('.') || name.includes('\0')) return fail(`bad queue name: '${name}'`);
    if (frame.session) frame.session.state.queueName = name;
    return ok(undefined);
  },
});
