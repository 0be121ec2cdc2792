/** `${ipv6norm:…}`. Spec ch. 11 "Expansion operators", RFC 5952. */
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';
import { ipv6Bytes, shortIpv6 } from '../ip-text.ts';

export default defineOperator({
  name: 'ipv6norm',
  summary: 'An IP address in the short form of IPv6.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${ipv6norm:0:0:1::1}', '0:0:1::1'],
    ['${ipv6norm:192.0.2.1}', '::ffff:c000:201'],
    ['${ipv6norm:x}', { kind: 'fail', message: '"x" is not an IP address' }],
  ],
  transform: (text) => {
    const bytes = ipv6Bytes(text.octets);
    return bytes === undefined ? fail(`"${text.octets}" is not an IP address`) : derived(shortIpv6(bytes), text);
  },
});
