/** `log_reject_target = <log names>`: where rejections are logged. */
import { trimSpace } from '../../base/octets.ts';
import type { LogTarget } from '../../core/index.ts';
import { defineAclModifier, ok } from '../../core/index.ts';
import { phaseName } from '../phases.ts';

export default defineAclModifier({
  name: 'log_reject_target',
  summary: 'Says which logs get rejections for the rest of the ACL: main, reject, panic, or none.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: true,
  apply: (argument, { phase, frame }) => {
    const targets = new Set<LogTarget>();
    for (const name of frame.services.lists.split(argument.octets)) {
      const target = TARGETS.get(trimSpace(name));
      if (target === undefined) {
        frame.services.log.panic(
          `unknown log name "${name}" in "log_reject_target" in ${phaseName(phase)} ACL`,
          frame.transaction?.state.id,
        );
        targets.add('main').add('reject');
      } else targets.add(target);
    }
    frame.results.logRejectTargets = [...targets];
    return ok(undefined);
  },
});

const TARGETS: ReadonlyMap<string, LogTarget> = new Map([
  ['main', 'main'],
  ['reject', 'reject'],
  ['panic', 'panic'],
]);
