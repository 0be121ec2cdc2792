/** `match_ip{address}{list}`. Spec ch. 11 "Expansion conditions", ch. 10 "Host lists". */
import { isIp } from '../../base/ip.ts';
import { defineCondition } from '../../core/define/expansion.ts';
import { fail } from '../../core/outcome.ts';
import { withTwo } from '../branches.ts';
import { judgeMatch } from '../list-items.ts';

export default defineCondition({
  name: 'match_ip',
  summary: 'The IP address (or nothing) is in the host list, which may hold addresses, networks and lookups, but no names.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if match_ip{foo}{192.0.2.1}{y}{n}}', { kind: 'fail', message: '"foo" is not an IP address' }]],
  mentions: { string: 1, kind: 'host' },
  arguments: [{ kind: 'string' }, { kind: 'string', isDollarLiteral: true }],
  compile:
    ([subject, list]) =>
    (frame) =>
      withTwo(subject, list, frame, (address, hosts) => {
        if (address.octets !== '' && !isIp(address.octets)) return fail(`"${address.octets}" is not an IP address`);
        // Without a name that could be matched, and never looked up: an empty one is what no pattern is.
        const host = { address: address.octets, name: '', isSender: false };
        return judgeMatch(frame.services.lists.matchHost(hosts, host, frame), hosts);
      }),
});
