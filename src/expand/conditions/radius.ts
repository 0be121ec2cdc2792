/** `radius{user:password}`. Spec ch. 11 "Expansion conditions"; RFC 2865. */
import { parseList } from '../../base/list-text.ts';
import { defineCondition } from '../../core/define/expansion.ts';
import { withTexts } from '../branches.ts';
import { askRadius } from '../radius.ts';

export default defineCondition({
  name: 'radius',
  summary: 'A RADIUS server accepts the user and password of the list `user:password`.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if radius}', { kind: 'fail', message: 'missing { after "radius"' }]],
  arguments: [{ kind: 'string' }],
  compile:
    ([text]) =>
    (frame) =>
      withTexts([text], frame, ([list]) => {
        const [user = '', password = ''] = parseList(list?.octets ?? '').items;
        return askRadius(user, password, frame);
      }),
});
