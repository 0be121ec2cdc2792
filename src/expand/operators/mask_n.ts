/** `${mask_n:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { mapText } from '../branches.ts';
import { maskAddress } from '../ip-text.ts';

export default defineOperator({
  name: 'mask_n',
  summary: 'The network of an address and a mask; an IPv6 address in its usual short form.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${mask_n:10.111.131.206/28}', '10.111.131.192/28'],
    ['${mask_n:3ffe:ffff:836f:0a00:000a:0800:200a:c031/99}', '3ffe:ffff:836f:a00:a:800:2000::/99'],
    ['${mask_n:192.0.2.1}', { kind: 'fail', message: 'missing mask value in "192.0.2.1"' }],
  ],
  transform: (text) => mapText(maskAddress(text.octets, true), text),
});
