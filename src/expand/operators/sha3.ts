/** `${sha3:…}`. Spec ch. 11 "Expansion operators". */
import { createHash } from 'node:crypto';
import { bytesFromOctets } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'sha3',
  summary: 'A SHA-3 digest in hex in upper case; the number after the underscore is its length (224, 256, 384, 512).',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${sha3_224:a}', '9E86FF69557CA95F405F081269685B38E3A819B309EE942F482B6A8B'],
    ['${sha3_1:a}', { kind: 'fail', message: 'unrecognised sha3 variant' }],
  ],
  ofCertificate: (result) => result,
  transform: (text, suffix) => {
    const bits = suffix ?? '256';
    if (!VARIANTS.has(bits)) return fail('unrecognised sha3 variant');
    return derived(
      createHash(`sha3-${bits}`).update(bytesFromOctets(text.octets)).digest('hex').toUpperCase() /* octets: hexadecimal digits */,
      text,
    );
  },
});

const VARIANTS: ReadonlySet<string> = new Set(['224', '256', '384', '512']);
