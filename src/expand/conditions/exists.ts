/** `exists{path}`. Spec ch. 11 "Expansion conditions". */
import { defineCondition } from '../../core/define/expansion.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { judged } from '../judged.ts';

export default defineCondition({
  name: 'exists',
  summary: 'There is a file or directory of that name.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [['${if exists{/no/such/file}{y}{n}}', 'n']],
  arguments: [{ kind: 'string' }],
  compile:
    ([path]) =>
    (frame) =>
      chainOk(path.evaluate(frame), (text) => judged(frame.services.files.stat(text.octets).kind === 'ok')),
});
