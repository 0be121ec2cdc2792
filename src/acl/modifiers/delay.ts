/** `delay = <time>`: waits at once, without holding anything but this session. */
import { parseTimeSpan } from '../../base/time-span.ts';
import { defineAclModifier, fail, ok } from '../../core/index.ts';
import { allPhasesBut } from '../phases.ts';

export default defineAclModifier({
  name: 'delay',
  summary: 'Waits before the ACL goes on; replies that were held back are sent first.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: allPhasesBut('notquit'),
  isExpanded: true,
  apply: (argument, { frame }) => {
    const seconds = parseTimeSpan(argument.octets);
    if (seconds === undefined) return fail(`syntax error in argument for "delay" modifier: "${argument.octets}" is not a time value`);
    if (frame.session?.isRehearsal) {
      frame.services.log.debug('acl', () => `delay modifier requests ${seconds}-second delay\n(not imposed when testing)`);
      return ok(undefined);
    }
    const flushed = frame.session?.state.controls.has('no_delay_flush') ? undefined : frame.session?.state.flushReplies?.();
    return Promise.resolve(flushed)
      .then(() => frame.services.clock.sleep(seconds * 1000, frame.until))
      .then(() => ok(undefined));
  },
});
