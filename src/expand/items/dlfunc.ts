/** `${dlfunc…}`. Spec ch. 11 "Expansion items". */
import { defineNotYetItem } from '../../core/define/expansion.ts';

export default defineNotYetItem({
  name: 'dlfunc',
  summary: 'Calls a function of a loaded module.',
  spec: 'ch. 11 "Expansion items"',
  examples: [['${dlfunc}', { kind: 'fail', message: "Not enough arguments for 'dlfunc' (min is 2)" }]],
  arguments: [{ kind: 'strings', min: 2, max: 10 }],
});
