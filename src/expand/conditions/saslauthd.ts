/** `saslauthd{{user}{password}{service}{realm}}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { withTexts } from '../branches.ts';
import { askSaslauthd } from '../password-daemons.ts';

export default defineCondition({
  name: 'saslauthd',
  summary: 'The saslauthd daemon accepts user and password; service and realm may be left out.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if saslauthd}', { kind: 'fail', message: 'missing { after "saslauthd"' }]],
  arguments: [{ kind: 'group', min: 2, max: 4 }],
  compile:
    ([expressions]) =>
    (frame) =>
      withTexts(expressions, frame, (texts) =>
        askSaslauthd(
          texts.map(({ octets }) => octets),
          frame,
        ),
      ),
});
