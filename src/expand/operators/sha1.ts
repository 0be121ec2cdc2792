/** `${sha1:…}`. Spec ch. 11 "Expansion operators". */
import { createHash } from 'node:crypto';
import { bytesFromOctets } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'sha1',
  summary: 'The SHA1 digest of the string, in hex in upper case.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${sha1:abc}', 'A9993E364706816ABA3E25717850C26C9CD0D89D']],
  ofCertificate: (result) => result,
  transform: (text) =>
    derived(createHash('sha1').update(bytesFromOctets(text.octets)).digest('hex').toUpperCase() /* octets: hexadecimal digits */, text),
});
