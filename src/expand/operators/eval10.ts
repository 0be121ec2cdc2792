/** `${eval10:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { evaluateArithmetic } from '../arithmetic.ts';
import { mapText } from '../branches.ts';

export default defineOperator({
  name: 'eval10',
  summary: 'The value of an arithmetic expression, all numbers in decimal.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [['${eval10:08+1}', '9']],
  transform: (text) => mapText(evaluateArithmetic(text.octets, true), text),
});
