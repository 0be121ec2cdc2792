/** `${reverse_ip:…}`. Spec ch. 11 "Expansion operators". */
import { parseIp, reverseIp } from '../../base/ip.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'reverse_ip',
  summary: 'An IP address turned round, as DNS names of addresses have it.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${reverse_ip:192.0.2.4}', '4.2.0.192'],
    ['${reverse_ip:x}', { kind: 'fail', message: 'reverse_ip() not given an IP address [x]' }],
  ],
  transform: (text) => {
    // A mask behind it does not count, and an IPv4 address in an IPv6 one does
    const bytes = parseIp(text.octets.replace(/^::[fF]{4}:(?=[0-9]+\.)/, '').replace(/\/[0-9]*$/, ''));
    return bytes === undefined ? fail(`reverse_ip() not given an IP address [${text.octets}]`) : derived(reverseIp(bytes), text);
  },
});
