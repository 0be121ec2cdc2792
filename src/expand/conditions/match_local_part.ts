/** `match_local_part{local_part}{list}`. Spec ch. 11 "Expansion conditions", ch. 10. */
import { defineCondition } from '../../core/define/expansion.ts';
import { withTwo } from '../branches.ts';
import { judgeMatch } from '../list-items.ts';

export default defineCondition({
  name: 'match_local_part',
  summary: 'The local part is in the list; `$` is not special in the list as it is written.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if match_local_part{b}{a : B : c}{$value}{no}}', 'B']],
  mentions: { string: 1, kind: 'localpart' },
  arguments: [{ kind: 'string' }, { kind: 'string', isDollarLiteral: true }],
  compile:
    ([subject, list]) =>
    (frame) =>
      withTwo(subject, list, frame, (wanted, items) => judgeMatch(frame.services.lists.matchLocalPart(items, wanted, frame, false), items)),
});
