/** `${time_eval:…}`. Spec ch. 11 "Expansion operators". */
import { parseTimeSpan } from '../../base/time-span.ts';
import { defineOperator } from '../../core/define/operator.ts';
import { fail } from '../../core/outcome.ts';
import { untainted } from '../../core/text.ts';

export default defineOperator({
  name: 'time_eval',
  summary: 'An Exim time interval in seconds.',
  spec: 'ch. 11 "Expansion operators"',
  examples: [
    ['${time_eval:2d4h5m}', '187500'],
    ['${time_eval:2x}', { kind: 'fail', message: 'string "2x" is not an Exim time interval in "time_eval" operator' }],
  ],
  transform: (text) => {
    const seconds = parseTimeSpan(text.octets);
    return seconds === undefined
      ? fail(`string "${text.octets}" is not an Exim time interval in "time_eval" operator`)
      : untainted(String(seconds));
  },
});
