/** `${expand:…}`. Spec ch. 11 "Expansion operators". */
import type { Octets } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { chain } from '../../core/maybe-promise.ts';
import { fail, type NotOk } from '../../core/outcome.ts';
import { isTainted } from '../../core/text.ts';
import { expandText } from '../expander.ts';

export default defineOperator({
  name: 'expand',
  summary: 'The string expanded once more. What a remote party chose is not expanded.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${expand:\\${lc:ABC\\}}', 'abc'],
    ['${expand:\\$foo}', { kind: 'fail', message: 'internal expansion of "$foo" failed: unknown variable name "foo"' }],
  ],
  apply: (text, frame) => {
    if (isTainted(text)) {
      const message = `attempt to expand tainted string '${text.octets}'`;
      frame.services.log.panic(message);
      return explain(text.octets, fail(message));
    }
    return chain(expandText(text.octets, frame, 'expand operator'), (outcome) =>
      outcome.kind === 'ok' ? outcome.value : explain(text.octets, outcome),
    );
  },
});

function explain(source: Octets, outcome: NotOk): NotOk {
  return outcome.message === undefined ? outcome : { ...outcome, message: `internal expansion of "${source}" failed: ${outcome.message}` };
}
