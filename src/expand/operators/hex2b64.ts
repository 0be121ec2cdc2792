/** `${hex2b64:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'hex2b64',
  summary: 'Hex digits as the base64 of their octets.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${hex2b64:6162}', 'YWI='],
    ['${hex2b64:616}', { kind: 'fail', message: '"616" contains an odd number of characters' }],
    ['${hex2b64:6x}', { kind: 'fail', message: '"6x" is not a hex string' }],
  ],
  transform: (text) => {
    if (/[^0-9A-Fa-f]/.test(text.octets)) return fail(`"${text.octets}" is not a hex string`);
    if (text.octets.length % 2 === 1) return fail(`"${text.octets}" contains an odd number of characters`);
    return derived(Buffer.from(text.octets, 'hex').toString('base64'), text);
  },
});
