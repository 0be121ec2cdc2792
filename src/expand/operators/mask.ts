/** `${mask:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { mapText } from '../branches.ts';
import { maskAddress } from '../ip-text.ts';

export default defineOperator({
  name: 'mask',
  summary: 'The network of an address and a mask; an IPv6 address with dots for colons, as keys of lsearch files need it.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${mask:10.111.131.206/28}', '10.111.131.192/28'],
    ['${mask:3ffe:ffff:836f:0a00:000a:0800:200a:c031/99}', '3ffe.ffff.836f.0a00.000a.0800.2000.0000/99'],
    ['${mask:192.0.2.1}', { kind: 'fail', message: 'missing mask value in "192.0.2.1"' }],
  ],
  // A suffix counts by its first letter
  transform: (text, suffix) => mapText(maskAddress(text.octets, suffix?.startsWith('n') === true), text),
});
