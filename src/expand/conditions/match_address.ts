/** `match_address{address}{list}`. Spec ch. 11 "Expansion conditions", ch. 10. */
import { defineCondition } from '../../core/define/expansion.ts';
import { withTwo } from '../branches.ts';
import { judgeMatch } from '../list-items.ts';

export default defineCondition({
  name: 'match_address',
  summary: 'The address is in the list; `$` is not special in the list as it is written.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if match_address{a@b.example}{*@b.example}{yes}{no}}', 'yes']],
  mentions: { string: 1, kind: 'address' },
  arguments: [{ kind: 'string' }, { kind: 'string', isDollarLiteral: true }],
  compile:
    ([subject, list]) =>
    (frame) =>
      withTwo(subject, list, frame, (wanted, items) => judgeMatch(frame.services.lists.matchAddress(items, wanted, frame), items)),
});
