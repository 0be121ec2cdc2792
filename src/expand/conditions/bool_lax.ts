/** `bool_lax{string}`. Spec ch. 11 "Expansion conditions". */
import { lowerCase, trimSpace } from '../../base/octets.ts';
import { defineCondition } from '../../core/define/expansion.ts';
import { chainOk } from '../../core/maybe-promise.ts';
import { judged } from '../judged.ts';

const FALSE: ReadonlySet<string> = new Set(['', '-', '0', 'no', 'false']);

export default defineCondition({
  name: 'bool_lax',
  summary: 'As the `condition` option of routers: everything is true but nothing, `0`, `no` and `false`.',
  spec: 'ch. 11 "Expansion conditions"',
  examples: [
    ['${if bool_lax{00}{y}{n}}', 'y'],
    ['${if bool_lax{ No }{y}{n}}', 'n'],
    ['${if bool_lax{-}{y}{n}}', 'n'],
    ['${if bool_lax{foo}{y}{n}}', 'y'],
  ],
  arguments: [{ kind: 'string' }],
  compile:
    ([value]) =>
    (frame) =>
      chainOk(value.evaluate(frame), (text) => judged(!FALSE.has(lowerCase(trimSpace(text.octets))))),
});
