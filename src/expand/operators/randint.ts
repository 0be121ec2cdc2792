/** `${randint:…}`. Spec ch. 11 "Expansion operators". */
import { trimSpace } from '../../base/octets.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';
import { isFailure, parseInteger } from '../numbers.ts';

export default defineOperator({
  name: 'randint',
  summary: 'A random number less than the given one.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${randint:1}', '0'],
    ['${randint:x}', { kind: 'fail', message: 'integer expected but "x" found' }],
    ['${randint:-5 % 3}', { kind: 'fail', message: 'non-negative integer expected but "-5 % 3" found' }],
  ],
  apply: (text, frame) => {
    if (trimSpace(text.octets) === '') return fail(`integer expected but "${text.octets}" found`);
    if (/^[\t-\r ]*-0*[1-9]/.test(text.octets)) return fail(`non-negative integer expected but "${text.octets}" found`);
    const limit = parseInteger(text.octets);
    if (isFailure(limit)) return limit;
    return untainted(String(limit < 1 ? 0 : frame.services.random.below(Number(limit)))); // octets: a number already
  },
});
