/** `${xtextd:…}`. Spec ch. 11 "Expansion operators", RFC 3461 s4. */
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'xtextd',
  summary: 'What an xtext stands for.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${xtextd:a+2Bb}', 'a+b']],
  transform: (text) =>
    derived(
      text.octets.replace(/\+([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      text,
    ),
});
