/** `saslauthd`. Spec ch. 11 "Expansion conditions". */
import { defineNotYetCondition } from '../../core/define/expansion.ts';

export default defineNotYetCondition({
  name: 'saslauthd',
  summary: 'The saslauthd daemon accepts user and password.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if saslauthd}', { kind: 'fail', message: 'missing { after "saslauthd"' }]],
  arguments: [{ kind: 'group', min: 2, max: 4 }],
});
