/** Differences from Exim 4.96 that are known and meant: versions, and what docs/DEVIATIONS.md lists. A difference that matches none is a fault. */

export interface NetworkDifference {
  readonly name: string;
  readonly theirs: string;
  readonly ours: string;
}

interface Explanation {
  readonly why: string;
  readonly name?: RegExp;
  readonly theirs?: RegExp;
  readonly ours?: RegExp;
}

const explanations: readonly Explanation[] = [
  { why: 'newer than Exim 4.96: recipients_max is expanded', theirs: /integer expected for recipients_max/ },
  { why: 'newer than Exim 4.96: XCLIENT', name: /XCLIENT/ },
  { why: 'DEVIATIONS: long log lines keep their beginning', theirs: /log string overflowed/ },
  {
    why: 'DEVIATIONS: synchronisation where PIPECONNECT is offered',
    ours: /^SMTP protocol synchronization error .* rejected "(?:DATA|MAIL|RCPT|STARTTLS)/m,
  },
  { why: 'Exim checks chunks without PIPELINING and goes on after the reply that ends the session', name: /sync, no PIPELINING: BDAT$/ },
  {
    why: 'Exim goes on and says it to every command',
    theirs: /^S: 421 Temporary local problem - please try later\nC: \w+.*\nS: 421 Temporary/m,
  },
  {
    why: 'DEVIATIONS: log lines have the host name that verify = helo found',
    name: /helo/,
    theirs: /(?:H=|from |Received: from )(?:\(|\[)/,
    ours: /two\.hosts\.example/,
  },
  { why: 'newer than Exim 4.96: the id of a message whose chunks are lost', name: /^broken, .*: (?:BDAT in the body|between chunks)$/ },
  { why: 'Exim forgets that the message before came in chunks', theirs: /^-spool_file_wireformat$/m },
  { why: 'DEVIATIONS: a From line does not change the sender', name: /ignore_fromline_hosts = \*/ },
  { why: 'DEVIATIONS: tainted arguments and ACL texts', theirs: /Tainted arg 1|attempt to use tainted ACL text/ },
  { why: 'Exim goes on when a message in chunks is lost', theirs: /421 Lost incoming connection/, name: /^parameters/ },
  { why: 'Exim takes codes of messages that it does not show', name: /^hook \w+: (?:discard|drop), both/ },
  { why: 'newer than Exim 4.96: tls_on_connect', name: /tls_on_connect$/ },
  { why: 'newer than Exim 4.96: connection ids where all is selected', name: /^selector .*all/, ours: / Ci=ID / },
  { why: 'deliveries may come in another order', name: /^queueing: .*remote|queue_only_file = smtp/ },
  { why: 'Exim looks behind the line that begins the body before it goes on', name: /^proxy: hosts_proxy = 127\.0\.0\.3/ },
  { why: 'Exim keeps BODY= of the message before', theirs: /M8S=7/, name: /8bitmime/ },
  { why: 'the C library takes incomplete addresses', name: /= 127\.0\.0$/ },
  { why: 'DEVIATIONS: control characters in replies and log lines are escaped', ours: /\(\\001/ },
  { why: 'DEVIATIONS: no end of the process for a mistake in a list', theirs: /421 Unexpected failure/ },
];

/** Why the two differ; undefined when nobody knows. */
export function explain({ name, theirs, ours }: NetworkDifference): string | undefined {
  return explanations.find(
    (known) => (known.name?.test(name) ?? true) && (known.theirs?.test(theirs) ?? true) && (known.ours?.test(ours) ?? true),
  )?.why;
}
