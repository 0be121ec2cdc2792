/** `${sha2:…}`. Spec ch. 11 "Expansion operators". */
import { createHash } from 'node:crypto';
import { bytesFromOctets } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'sha2',
  aliases: ['sha256'],
  summary: 'A SHA-2 digest in hex in upper case; the number after the underscore is its length (256, 384, 512).',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${sha2:abc}', 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
    ['${sha256:abc}', 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
    ['${sha2_1:a}', { kind: 'fail', message: 'unrecognised sha2 variant' }],
  ],
  ofCertificate: (result) => result,
  transform: (text, suffix) => {
    const bits = suffix ?? '256';
    if (!VARIANTS.has(bits)) return fail('unrecognised sha2 variant');
    return derived(
      createHash(`sha${bits}`).update(bytesFromOctets(text.octets)).digest('hex').toUpperCase() /* octets: hexadecimal digits */,
      text,
    );
  },
});

const VARIANTS: ReadonlySet<string> = new Set(['256', '384', '512']);
