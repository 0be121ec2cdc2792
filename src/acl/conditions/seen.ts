/** `seen = [-]<interval>/<options>`: whether something was met before. */
import { chainOk, defineAclCondition, ok } from '../../core/index.ts';
import { testSeen } from '../limits/seen.ts';

export default defineAclCondition({
  name: 'seen',
  summary: 'True when the key (the sending host, or key=) was met within the interval; with a minus sign, when it was met before it.',
  spec: 'ch. 44 "Previously seen user and hosts"',
  permittedIn: 'all',
  isExpanded: true,
  prepare: () => ({ test: (argument, { frame }) => chainOk(testSeen(argument.octets, frame), (value) => ok({ value })) }),
});
