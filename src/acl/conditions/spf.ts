/** `spf = <results>`. */
import { defineAclCondition } from '../../core/index.ts';
import { testSpf } from '../spf-condition.ts';

export default defineAclCondition({
  name: 'spf',
  summary:
    'True when the result of SPF for the sender (for the null sender: of the name in HELO) is in the list: pass, fail, softfail, neutral, none, permerror, temperror, invalid; `!` in front of one inverts it.',
  spec: 'ch. 58 "SPF"',
  permittedIn: ['mail', 'rcpt', 'predata', 'data', 'mime', 'dkim', 'prdr', 'quit', 'notquit'],
  isExpanded: true,
  prepare: () => ({ test: (list, context) => testSpf(list, context, false) }),
});
