/** `${perl…}`. Spec ch. 11 "Expansion items". */
import { defineNotYetItem } from '../../core/define/expansion.ts';

export default defineNotYetItem({
  name: 'perl',
  summary: 'Calls a Perl subroutine.',
  spec: 'ch. 11 "Expansion items"',
  examples: [['${perl}', { kind: 'fail', message: "Not enough arguments for 'perl' (min is 1)" }]],
  arguments: [{ kind: 'strings', min: 1, max: 9 }],
});
