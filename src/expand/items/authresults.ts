/** `${authresults…}`. Spec ch. 11 "Expansion items". */
import { defineNotYetItem } from '../../core/define/expansion.ts';

export default defineNotYetItem({
  name: 'authresults',
  summary: 'An Authentication-Results: header line of what was found out about the message.',
  spec: 'ch. 11 "Expansion items"',
  examples: [['${authresults}', { kind: 'fail', message: "Not enough arguments for 'authresults' (min is 1)" }]],
  arguments: [{ kind: 'strings', min: 1, max: 1 }],
});
