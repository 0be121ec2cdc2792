/** `spf_guess = <results>`. */
import { defineAclCondition } from '../../core/index.ts';
import { testSpf } from '../spf-condition.ts';

export default defineAclCondition({
  name: 'spf_guess',
  summary: 'As `spf`, but a domain without a record is judged by the record of option spf_guess; $spf_result_guessed is then `yes`.',
  spec: 'ch. 58 "SPF"',
  permittedIn: ['mail', 'rcpt', 'predata', 'data', 'mime', 'dkim', 'prdr', 'quit', 'notquit'],
  isExpanded: true,
  prepare: () => ({ test: (list, context) => testSpf(list, context, true) }),
});
