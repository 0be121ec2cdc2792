/** Differences from Exim 4.96 that are known and meant: versions, and what docs/DEVIATIONS.md lists. A difference that matches none is a fault. */

export interface AclDifference {
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
  { why: 'Exim crashes', theirs: /^exit SIGSEGV|SIGSEGV/m },
  { why: 'DEVIATIONS: encrypted in acl_smtp_helo', name: /in helo: encrypted/ },
  {
    why: 'DEVIATIONS: PRDR, an ACL with an error refuses for now',
    name: /in data_prdr/,
    theirs: /PRDR R=.* refusal/,
    ours: /temporary refusal/,
  },
  { why: 'DEVIATIONS: control characters in replies and log lines are escaped', name: /message: text [45]$|message of accept 3/ },
  { why: 'Exim cuts long lines of the trace', theirs: /debug string too long/ },
  { why: 'the trace of ACLs that are no named ones: newer than Exim 4.96', name: /acl = (?:accept|deny|DIR)/ },
  { why: 'Exim expands messages before it tells how the test came out', name: /message: text 3[023]$/ },
  { why: 'Exim 4.96 sets DSCP values of sockets only, and refuses all in -bh', name: /control = dscp/ },
  { why: 'DEVIATIONS: the not-QUIT ACL runs after too many errors', ours: /^notquit: synprot-error/m },
  { why: 'DEVIATIONS: no end of the process for a mistake in a list', theirs: /^exit 1\n/, name: /senders = \^\(|nothere$/ },
  { why: 'DEVIATIONS: log lines have the host name that verify = helo found', name: /verify = helo$/, ours: /one\.hosts\.example/ },
  { why: 'DEVIATIONS: recipients in acl_not_smtp', name: /in not_smtp: recipients/ },
];

/** Why the two differ; undefined when nobody knows. */
export function explain({ name, theirs, ours }: AclDifference): string | undefined {
  return explanations.find(
    (known) => (known.name?.test(name) ?? true) && (known.theirs?.test(theirs) ?? true) && (known.ours?.test(ours) ?? true),
  )?.why;
}
