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
  {
    why: 'DEVIATIONS: log lines have the host name that verify = helo found',
    name: /verify = HELO$|: helo$|^helo, |verify = helo$/,
    ours: /(?:one|five)\.hosts\.example \(/,
  },
  { why: 'newer than Exim 4.96: patterns and regular expressions in remove_header', name: /remove_header = (?:x-\*|\^)/ },
  { why: 'DEVIATIONS: empty lines in add_header', name: /X-A: two\\n\\n/ },
  { why: 'Exim logs NULL', theirs: /rejected by non-SMTP ACL: NULL/ },
  { why: 'DEVIATIONS: control characters in replies and log lines are escaped', name: /local, not_smtp: deny message = two/ },
  { why: 'Exim takes 2001 for an address', name: /2001:db8::1: hosts = \$sender_host_address/ },
  { why: 'the trace of ACLs that are no named ones: newer than Exim 4.96', name: /ACLs: a (?:text|file)/ },
  { why: 'DEVIATIONS: headers in the panic log', name: /log_reject_target in data: reject : panic/ },
  { why: 'DEVIATIONS: braces hold arguments of acl = together', name: /acl = \$\{if/ },
  { why: 'newer than Exim 4.96: use_tptsender', name: /use_tptsender/ },
  { why: 'not built yet: named queues', name: /queue = bogus/ },
  { why: 'DEVIATIONS: unknown selectors of control = debug', name: /debug\/opts=\+bogus/ },
  { why: '-bh shows a line for two logs once', name: /logwrite = :main,panic:x/ },
  {
    why: 'DEVIATIONS: configuration errors have suggestions',
    theirs: /^LOG: Exim configuration error/m,
    ours: /^LOG: Exim configuration error/m,
  },
  {
    why: 'DEVIATIONS: the postmaster is not asked for when the address was refused',
    name: /callout, .* bad: .*postmaster(?!_)|postmaster_mailfrom/,
  },
  { why: 'Exim says NULL', theirs: /^550 x: NULL$/m },
  { why: 'Exim does not count down after a loop of ACLs', name: /ACLs: calls, loop/ },
  { why: 'one text for variables that were never set', name: /variables, strict, defined/ },
  { why: 'DEVIATIONS: separators of remove_header', name: /remove_header = <;/ },
  {
    why: 'the trace of ACLs that are no named ones: newer than Exim 4.96',
    name: /ACL that expands to nothing: (?:predata|data|vrfy|quit)/,
  },
  { why: 'Exim says an empty text', name: /routing: data = :fail:$/ },
  { why: 'lines of the panic log, as -bv shows them', name: /routing, -bvs?: condition = \$\{if bool/ },
  { why: 'DEVIATIONS: configuration errors', theirs: /option "forbid_fail" unknown/ },
  { why: 'Exim goes on with addresses beside :fail: in -bt', name: /routing, -bt: data = x@b\.example, :fail:/ },
  { why: 'not in the build of the reference', name: /arc_status|verify = arc/ },
  { why: 'newer than Exim 4.96: dkim_status in acl_smtp_data', name: /in data\w*: dkim_status/ },
  { why: 'not built yet', ours: /is not built yet/ },
  { why: 'the reference lost its privilege for -C', theirs: /lost privilege for using -C/ },
  {
    why: 'DEVIATIONS: SPF, errors in the record and of its name server',
    name: /^spf, /,
    theirs: /^LOG: \(invalid\)\|/m,
    ours: /^LOG: (?:perm|temp)error\|/m,
  },
  { why: 'DEVIATIONS: SPF, void lookups', name: /^spf, /, ours: /DNS lookups that found nothing/ },
  { why: 'DEVIATIONS: SPF, redirect= is for the end of a record', name: /^spf, from <a@redirect(?:last|unused)\./ },
  { why: 'SPF: a loop is found by its length', name: /^spf, /, theirs: /unlimited recursio/ },
  { why: 'SPF: a guess before does not make a result guessed', name: /^spf, the guess/ },
  { why: 'the name that %{P} has looked up is known from then on', name: /^spf, .*%\{P\}/, ours: /iprev=pass/ },
  { why: 'DEVIATIONS: recipients in acl_not_smtp', name: /in not_smtp: recipients/ },
];

/** Why the two differ; undefined when nobody knows. */
export function explain({ name, theirs, ours }: AclDifference): string | undefined {
  return explanations.find(
    (known) => (known.name?.test(name) ?? true) && (known.theirs?.test(theirs) ?? true) && (known.ours?.test(ours) ?? true),
  )?.why;
}
