/** `pam`. Spec ch. 11 "Expansion conditions". */
import { defineNotYetCondition } from '../../core/define/expansion.ts';

export default defineNotYetCondition({
  name: 'pam',
  summary: 'PAM accepts the user and the answers of the list.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if pam}', { kind: 'fail', message: 'missing { after "pam"' }]],
  arguments: [{ kind: 'string' }],
});
