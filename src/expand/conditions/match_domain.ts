/** `match_domain{domain}{list}`. Spec ch. 11 "Expansion conditions", ch. 10. */
import { defineCondition } from '../../core/define/expansion.ts';
import { withTwo } from '../branches.ts';
import { judgeMatch } from '../list-items.ts';

export default defineCondition({
  name: 'match_domain',
  summary: 'The domain is in the list; `$` is not special in the list as it is written.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if match_domain{a.b.c}{x.y.z:a.b.c}{yes}{no}}', 'yes'],
    ['${if match_domain{a.b.c}{*.c}{$1}{no}}', 'a.b'],
  ],
  mentions: { string: 1, kind: 'domain' },
  arguments: [{ kind: 'string' }, { kind: 'string', isDollarLiteral: true }],
  compile:
    ([subject, list]) =>
    (frame) =>
      withTwo(subject, list, frame, (wanted, items) => judgeMatch(frame.services.lists.matchDomain(items, wanted, frame), items)),
});
