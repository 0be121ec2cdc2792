/** `ratelimit = <limit>/<period>/<options>/<key>`: whether something happens too often. */
import { defineAclCondition, fail, ok } from '../../core/index.ts';
import { measureRate } from '../limits/measure.ts';
import { parseRatelimit } from '../limits/ratelimit.ts';

export default defineAclCondition({
  name: 'ratelimit',
  summary:
    'True when messages, recipients, octets, connections, commands or different events a period reach the limit. $sender_rate, $sender_rate_limit and $sender_rate_period say what was measured.',
  spec: 'ch. 44 "Rate limiting incoming messages"',
  permittedIn: 'all',
  isExpanded: true,
  prepare: () => ({
    test: (argument, { phase, frame }) => {
      const parsed = parseRatelimit(argument.octets, phase, frame.services.lists);
      if (parsed.kind === 'error') return fail(parsed.message);
      const { rate, isExceeded } = measureRate(parsed.question, phase, frame);
      const { results } = frame;
      results.senderRate = rate.toFixed(1);
      results.senderRateLimit = parsed.question.limitText;
      results.senderRatePeriod = parsed.question.periodText;
      return ok({ value: isExceeded });
    },
  }),
});
