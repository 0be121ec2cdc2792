/** Variables that are results of items, ACL conditions and verification. Spec ch. 11 "Expansion variables". */
import { numberVariable, octetsVariable, remoteVariable, unsetVariable, variable } from '../reading.ts';

export default [
  numberVariable('runrc', 'The exit status of the last `${run`.', (frame) => frame.results.runrc),
  octetsVariable(
    'lookup_dnssec_authenticated',
    '`yes` or `no` when the last DNS lookup asked for DNSSEC.',
    (frame) => frame.results.lookupDnssecAuthenticated,
  ),
  remoteVariable('acl_verify_message', 'Why the last verification failed.', (frame) => frame.results.aclVerifyMessage),
  octetsVariable(
    'sender_verify_failure',
    'At which step the verification of the sender failed.',
    (frame) => frame.results.senderVerifyFailure,
  ),
  octetsVariable(
    'recipient_verify_failure',
    'At which step the verification of the recipient failed.',
    (frame) => frame.results.recipientVerifyFailure,
  ),
  variable('dnslist_domain', 'The DNS list that had the key.', (frame) => frame.results.dnslistDomain),
  variable('dnslist_matched', 'The key that the DNS list had.', (frame) => frame.results.dnslistMatched),
  variable('dnslist_text', 'The TXT record of the DNS list.', (frame) => frame.results.dnslistText),
  variable('dnslist_value', 'The addresses that the DNS list gave.', (frame) => frame.results.dnslistValue),
  variable('sender_data', 'What matched in the last `senders` list.', (frame) => frame.results.senderData),
  variable('recipient_data', 'What matched in the last `recipients` list.', (frame) => frame.results.recipientData),
  octetsVariable('sender_rate', 'The rate that a `ratelimit` condition measured.', (frame) => frame.results.senderRate),
  octetsVariable('sender_rate_limit', 'The limit of a `ratelimit` condition.', (frame) => frame.results.senderRateLimit),
  octetsVariable('sender_rate_period', 'The period of a `ratelimit` condition.', (frame) => frame.results.senderRatePeriod),
  variable('prvscheck_address', 'The address in a tagged one, inside `${prvscheck`.', (frame) => frame.results.prvscheckAddress),
  variable('prvscheck_keynum', 'The key number of a tagged address, inside `${prvscheck`.', (frame) => frame.results.prvscheckKeynum),
  variable('prvscheck_result', '`1` when the last tag that was checked is valid.', (frame) => frame.results.prvscheckResult),
  variable('regex_match_string', 'The expression that a `regex` condition found.', (frame) => frame.results.regexMatchString),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) =>
    variable(
      `regex${index}`,
      `Capture ${index} of the last \`regex\` or \`mime_regex\`.`,
      (frame) => frame.results.regexCaptures?.[index - 1],
    ),
  ),
  octetsVariable('csa_status', 'What client SMTP authorization said.', (frame) => frame.results.csaStatus),
  variable('srs_recipient', 'The address in an SRS address that was decoded.', (frame) => frame.results.srsRecipient),
  octetsVariable('callout_address', 'Where the last callout went: address and port.', (frame) => frame.results.calloutAddress),
  variable('sender_address_data', '$address_data of the sender that was verified.', (frame) => frame.results.senderAddressData),
  unsetVariable('ldap_dn', 'The DN of the last entry that LDAP found.'),
];
