/** `radius`. Spec ch. 11 "Expansion conditions". */
import { defineNotYetCondition } from '../../core/define/expansion.ts';

export default defineNotYetCondition({
  name: 'radius',
  summary: 'The RADIUS server accepts the user and password.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if radius}', { kind: 'fail', message: 'missing { after "radius"' }]],
  arguments: [{ kind: 'string' }],
});
