/** `pwcheck{user:password}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { withTexts } from '../branches.ts';
import { askPwcheck } from '../password-daemons.ts';

export default defineCondition({
  name: 'pwcheck',
  summary: 'The pwcheck daemon, the predecessor of saslauthd, accepts `user:password`.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if pwcheck}', { kind: 'fail', message: 'missing { after "pwcheck"' }]],
  arguments: [{ kind: 'string' }],
  compile:
    ([text]) =>
    (frame) =>
      withTexts([text], frame, ([both]) => {
        const octets = both?.octets ?? '';
        const colon = octets.indexOf(':');
        const user = colon < 0 ? octets : octets.slice(0, colon);
        return askPwcheck(user, colon < 0 ? '' : octets.slice(colon + 1), frame);
      }),
});
