/** `pwcheck`. Spec ch. 11 "Expansion conditions". */
import { defineNotYetCondition } from '../../core/define/expansion.ts';

export default defineNotYetCondition({
  name: 'pwcheck',
  summary: 'The pwcheck daemon accepts `user:password`.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if pwcheck}', { kind: 'fail', message: 'missing { after "pwcheck"' }]],
  arguments: [{ kind: 'string' }],
});
