/** Variables of SPF, DMARC, ARC and content scanning: as Exim has them before such a check. Spec ch. 45, ch. 58. */

import type { SpamScore } from '../../core/content-scan.ts';
import type { Frame } from '../../core/frame.ts';
import { octetsVariable, remoteVariable, unsetVariable, yesNoVariable } from '../reading.ts';

export default [
  unsetVariable('dmarc_alignment_dkim', 'Whether DKIM is aligned.'),
  unsetVariable('dmarc_alignment_spf', 'Whether SPF is aligned.'),
  unsetVariable('dmarc_ar_header', 'A line for Authentication-Results:.'),
  unsetVariable('dmarc_domain_policy', 'The policy of the domain.'),
  unsetVariable('dmarc_status', 'What DMARC gave.'),
  unsetVariable('dmarc_status_text', 'What DMARC gave, in words.'),
  unsetVariable('dmarc_used_domain', 'The domain whose policy was used.'),
  remoteVariable('spf_header_comment', 'The result of SPF in words.', ({ results }) => results.spf?.headerComment),
  remoteVariable('spf_received', 'A Received-SPF: header line.', ({ results }) => results.spf?.received),
  octetsVariable('spf_result', 'What SPF gave.', ({ results }) => results.spf?.result),
  yesNoVariable('spf_result_guessed', 'The result was guessed.', ({ results }) => results.spf?.isGuessed),
  remoteVariable('spf_smtp_comment', 'What to tell a client that SPF does not let pass.', ({ results }) => results.spf?.smtpComment),
  remoteVariable('spf_used_domain', 'The domain whose SPF record was asked for.', ({ results }) => results.spf?.usedDomain),
  unsetVariable('arc_state', 'What ARC gave.'),
  unsetVariable('arc_state_reason', 'Why ARC failed.'),
  unsetVariable('arc_domains', 'The domains of the ARC chain.'),
  unsetVariable('arc_oldest_pass', 'The oldest instance that passes.'),
  octetsVariable('spam_action', 'What the spam scanner says to do.', ({ results }) => results.spam?.action),
  octetsVariable('spam_bar', 'The spam score as a row of signs.', (frame) => spamScore(frame)?.bar),
  remoteVariable('spam_report', 'The report of the spam scanner.', ({ results }) => results.spam?.report),
  octetsVariable('spam_score', 'The spam score.', (frame) => spamScore(frame)?.score),
  octetsVariable('spam_score_int', 'The spam score in tenths.', (frame) => spamScore(frame)?.scoreInt),
  octetsVariable('malware_name', 'The malware that was found.', ({ results }) => results.malwareName),
  unsetVariable('av_failed', 'The virus scanner could not be used.', '0'),
];

/** Of a message that is delivered it is what -H has. */
function spamScore({ message, results }: Frame): SpamScore | undefined {
  return message === undefined ? results.spam : message.spam;
}
