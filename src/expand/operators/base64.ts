/** `${base64:…}`. Spec ch. 11 "Expansion operators", RFC 4648 s4. */
import { bytesFromOctets } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'base64',
  aliases: ['str2b64'],
  summary: 'The string in base64.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${base64:abc}', 'YWJj']],
  ofCertificate: (result) => result,
  transform: (text) => derived(bytesFromOctets(text.octets).toString('base64'), text),
});
