/** `${authresults{authserv-id}}`. Spec ch. 11 "Expansion items"; RFC 8601. */
import type { Octets } from '../../base/octets.ts';
import { defineItem } from '../../core/define/expansion.ts';
import { type Frame, mailOf, originOf } from '../../core/frame.ts';
import type { Origin } from '../../core/session.ts';
import { emptyText, tainted } from '../../core/text.ts';
import { eager } from '../branches.ts';
import { dkimResults } from '../dkim-results.ts';

export default defineItem({
  name: 'authresults',
  summary:
    'An Authentication-Results: header line of what was found out about client and message: so far reverse lookup, authentication, SPF and DKIM.',
  spec: 'ch. 11 "Expansion items"',
  examples: [
    ['${authresults}', { kind: 'fail', message: "Not enough arguments for 'authresults' (min is 1)" }],
    ['${authresults{mail.example}}', 'Authentication-Results: mail.example'],
  ],
  arguments: [{ kind: 'strings', min: 1, max: 1 }],
  compile: eager(([id = emptyText], frame) => {
    const origin = originOf(frame);
    const results = origin
      ? [
          reverseLookup(origin),
          authentication(origin, frame),
          senderPolicy(origin, frame),
          ...dkimResults(frame.transaction?.state.dkim),
        ].filter((result) => result !== undefined)
      : [];
    return tainted([`Authentication-Results: ${id.octets}`, ...results].join(';\n\t'));
  }),
});

function reverseLookup({ hostName, hostLookup, hostAddress }: Readonly<Origin>): Octets | undefined {
  const result =
    hostName === undefined
      ? hostLookup === 'deferred'
        ? 'temperror'
        : hostLookup === 'failed'
          ? 'fail'
          : undefined
      : `pass (${hostName})`;
  return hostAddress === undefined || result === undefined ? undefined : `iprev=${result} smtp.remote-ip=${hostAddress}`;
}

function authentication(
  { authenticatorName, authenticatorPublicName, authenticatedId, authenticatedSender }: Readonly<Origin>,
  { config }: Frame,
): Octets | undefined {
  if (authenticatorName === undefined) return undefined;
  const authenticator = config.authenticators.find(({ name }) => name === authenticatorName);
  const property = authenticator?.driver === 'tls' ? 'x509.auth' : 'smtp.auth';
  const id = authenticatedId === undefined || authenticatedId === '' ? '' : ` ${property}=${authenticatedId}`;
  const sender = authenticatedSender === undefined || authenticatedSender === '' ? '' : ` smtp.mailfrom=${authenticatedSender}`;
  return `auth=pass (${authenticatorPublicName ?? authenticator?.publicName ?? authenticatorName})${id}${sender}`;
}

/** Of the sender, or of the name in HELO for the null sender. */
function senderPolicy({ heloName = '' }: Readonly<Origin>, frame: Frame): Octets | undefined {
  const { spf } = frame.results;
  if (spf === undefined) return undefined;
  const sender = mailOf(frame)?.sender ?? '';
  const checked = sender === '' ? `smtp.helo=${heloName}` : `smtp.mailfrom=${sender.slice(sender.lastIndexOf('@') + 1)}`;
  return `spf=${spf.result}${spf.isGuessed ? ' (best guess record for domain)' : ''} ${checked}`;
}
