/** `${escape8bit:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'escape8bit',
  summary: 'Octets from 0x7f and backslashes as octal escapes.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${escape8bit:\\x80\\\\}', '\\200\\134']],
  transform: (text) => derived(escapeHighOctets(text.octets), text),
});

function escapeHighOctets(octets: string): string {
  return octets.replace(/[\\\x7f-\xff]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
