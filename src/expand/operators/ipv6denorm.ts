/** `${ipv6denorm:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';
import { ipv6Bytes, longIpv6 } from '../ip-text.ts';

export default defineOperator({
  name: 'ipv6denorm',
  summary: 'An IP address in the long form of IPv6.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${ipv6denorm:::1}', '0000:0000:0000:0000:0000:0000:0000:0001'],
    ['${ipv6denorm:x}', { kind: 'fail', message: '"x" is not an IP address' }],
  ],
  transform: (text) => {
    const bytes = ipv6Bytes(text.octets);
    return bytes === undefined ? fail(`"${text.octets}" is not an IP address`) : derived(longIpv6(bytes, ':'), text);
  },
});
