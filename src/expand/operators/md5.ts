/** `${md5:…}`. Spec ch. 11 "Expansion operators". */
import { createHash } from 'node:crypto';
import { bytesFromOctets, upperCase } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'md5',
  summary: 'The MD5 digest of the string, in hex in lower case.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${md5:abc}', '900150983cd24fb0d6963f7d28e17f72']],
  ofCertificate: upperCase,
  transform: (text) => derived(createHash('md5').update(bytesFromOctets(text.octets)).digest('hex'), text),
});
