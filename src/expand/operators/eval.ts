/** `${eval:…}`. Spec ch. 11 "Expansion operators". */
import { defineOperator } from '../../core/define/operator.ts';
import { evaluateArithmetic } from '../arithmetic.ts';
import { mapText } from '../branches.ts';

export default defineOperator({
  name: 'eval',
  summary: 'The value of an arithmetic expression.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${eval:1+2*3}', '7'],
    ['${eval:-(~255&0x1234)}', '-4608'],
    ['${eval:2K}', '2048'],
    ['${eval:1/0}', { kind: 'fail', message: 'error in expression evaluation: divide by zero (after processing "1/0")' }],
    [
      '${eval:1+}',
      { kind: 'fail', message: 'error in expression evaluation: expecting number or opening parenthesis (after processing "1+")' },
    ],
  ],
  transform: (text) => mapText(evaluateArithmetic(text.octets, false), text),
});
