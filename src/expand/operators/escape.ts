/** `${escape:…}`. Spec ch. 11 "Expansion operators". */
import { printable } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { derived } from '../../core/text.ts';

export default defineOperator({
  name: 'escape',
  summary: 'Characters that do not print, but tabs, as escapes; octets from 0x80 too unless print_topbitchars is set.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${escape:a\\nb}', 'a\\nb'],
    ['${escape:\\x80}', '\\200'],
    ['${escape:\\x07\\x08\\x1b}', '\\007\\b\\033'],
  ],
  apply: (text, frame) => derived(printable(text.octets, { escapeHigh: !frame.config.main.print_topbitchars, escapeTab: false }), text),
});
