/**
 * What Exim's variables say about a check: texts of libspf2, which administrators and statistics match. Spec ch. 58 "SPF", RFC 7208 s9.1.
 */
import { assertNever } from '../../base/invariant.ts';
import type { Octets } from '../../base/octets.ts';
import type { SpfFinding, SpfProblem } from '../../core/ports.ts';

const PROBLEMS: Readonly<Record<SpfProblem, Octets>> = {
  lookups: 'Mechanisms used too many DNS lookups',
  'void-lookups': 'Mechanisms used too many DNS lookups that found nothing',
  'several-records': 'Multiple SPF or TXT records for domain.',
  record: 'Could not find a valid SPF record',
};

/** `$spf_result`. */
export function resultWord({ result }: SpfFinding): Octets {
  return result === 'invalid' ? '(invalid)' : result;
}

/** `$spf_header_comment`; empty when there is nothing to say. */
export function headerComment(finding: SpfFinding, receiver: Octets): Octets {
  const said = commentOf(finding);
  return said === '' ? '' : `${receiver}: ${said}`;
}

function commentOf({ result, reason, domain, address, problem }: SpfFinding): Octets {
  switch (result) {
    case 'pass':
      if (reason === 'localhost') return 'localhost is always allowed.';
      return `domain of ${domain} designates ${address} as permitted sender`;
    case 'fail':
      return `domain of ${domain} does not designate ${address} as permitted sender`;
    case 'softfail':
      return `transitioning domain of ${domain} does not designate ${address} as permitted sender`;
    case 'neutral':
      return `${address} is neither permitted nor denied by domain of ${domain}`;
    case 'none':
      return `domain of ${domain} does not provide an SPF record`;
    case 'permerror':
      return `error in processing during lookup of domain of ${domain}: ${PROBLEMS[problem ?? 'record']}`;
    case 'temperror':
      return `encountered temporary error during SPF processing of domain of ${domain}`;
    case 'invalid':
      return '';
    default:
      return assertNever(result);
  }
}

/** `$spf_received`: a header line with its name, on one line. */
export function receivedSpf(finding: SpfFinding, heloName: Octets, receiver: Octets): Octets {
  const comment = headerComment(finding, receiver);
  if (comment === '') return '';
  const pairs = `client-ip=${finding.address}; envelope-from=${finding.sender}; helo=${heloName};`;
  return `Received-SPF: ${resultWord(finding)} (${comment}) ${pairs}`;
}

/** What `$spf_smtp_comment` has behind its text; undefined when there is nothing to tell the client. */
export function smtpReason({ result, reason }: SpfFinding): Octets | undefined {
  const isTold = result === 'fail' || result === 'softfail' || result === 'neutral';
  return isTold && reason !== undefined ? ` : Reason: ${reason}` : undefined;
}
