/** `${hexquote:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'hexquote',
  summary: 'Octets that do not print, and spaces, as \\xNN.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${hexquote:a b}', 'a\\x20b']],
  transform: (text) =>
    derived(
      text.octets.replace(/[^!-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`),
      text,
    ),
});
