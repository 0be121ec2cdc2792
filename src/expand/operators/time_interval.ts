/** `${time_interval:…}`. Spec ch. 11 "Expansion operators". */
import { formatTimeSpan } from '../../base/time-span.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';

export default defineOperator({
  name: 'time_interval',
  summary: 'Seconds as an Exim time interval.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${time_interval:100000}', '1d3h46m40s'],
    ['${time_interval:x}', { kind: 'fail', message: 'string "x" is not a positive number in "time_interval" operator' }],
  ],
  transform: (text) => {
    if (/[^0-9]/.test(text.octets)) return fail(`string "${text.octets}" is not a positive number in "time_interval" operator`);
    return untainted(formatTimeSpan(Number.parseInt(text.octets || '0', 10)));
  },
});
