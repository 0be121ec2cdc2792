/** `log_reject_target = <log names>`: where rejections are logged. */
import { trimSpace } from '../../base/octets.ts';
import { defineAclModifier, fail, ok } from '../../core/index.ts';

export default defineAclModifier({
  name: 'log_reject_target',
  summary: 'Says which logs get rejections for the rest of the ACL: main, reject, panic, or none.',
  spec: 'ch. 44 "ACL modifiers"',
  permittedIn: 'all',
  isExpanded: true,
  apply: (argument, { frame, acl }) => {
    const names = frame.services.lists
      .split(argument.octets)
      .map((name) => trimSpace(name))
      .filter((name) => name !== '');
    const unknown = names.find((name) => name !== 'main' && name !== 'reject' && name !== 'panic');
    if (unknown !== undefined) return fail(`unknown log name "${unknown}" in "log_reject_target" in ACL`);
    acl.logRejectTargets = names;
    return ok(undefined);
  },
});
