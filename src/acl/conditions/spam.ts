/** `spam = <user>`: asks SpamAssassin or Rspamd about the message. */
import { isSpam } from '../../checks/scan/spam-scan.ts';
import { defineAclCondition, mapOutcome } from '../../core/index.ts';

export default defineAclCondition({
  name: 'spam',
  summary: 'True when SpamAssassin or Rspamd calls the message spam; with `:true` behind the name always, for the variables that it sets.',
  spec: 'ch. 45 "Scanning with SpamAssassin and Rspamd"',
  permittedIn: ['data', 'prdr', 'not_smtp'],
  isExpanded: true,
  prepare: () => ({
    test: async ({ octets }, { frame }) => mapOutcome(await isSpam(octets, frame), (value) => ({ value })),
  }),
});
