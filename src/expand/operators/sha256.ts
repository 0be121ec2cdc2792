/** `${sha256:…}`. Spec ch. 11 "Expansion operators". */
import { createHash } from 'node:crypto';
import { bytesFromOctets } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'sha256',
  summary: 'The SHA256 digest of the string, in hex in upper case.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${sha256:abc}', 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
  ],
  transform: (text) => derived(createHash('sha256').update(bytesFromOctets(text.octets)).digest('hex').toUpperCase(), text),
});
