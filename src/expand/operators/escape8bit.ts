/** `${escape8bit:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'escape8bit',
  summary: 'Octets from 0x80 and backslashes as octal escapes.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${escape8bit:\\x80\\\\}', '\\200\\134'],
  ],
  transform: (text) => derived(escapeHighOctets(text.octets), text),
});

function escapeHighOctets(octets: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return octets.replace(/[\x00-\x1f\\\x7f-\xff]/g, (char) => CONTROL.get(char) ?? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

const CONTROL: ReadonlyMap<string, string> = new Map([['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t'], ['\b', '\\b'], ['\v', '\\v'], ['\f', '\\f']]);
