/** Differences from Exim 4.96 that are known and meant: versions, and what docs/DEVIATIONS.md lists. A difference that matches none is a fault. */
import type { Answer } from './programs.ts';

export interface Difference {
  readonly line: string;
  readonly reference: Answer;
  readonly ours: Answer;
}

interface Explanation {
  readonly why: string;
  readonly line?: RegExp;
  readonly reference?: RegExp;
  readonly ours?: RegExp;
}

/** Variables that Exim 4.96 as Debian builds it does not have: newer ones, and those of DMARC and ARC. */
const NEWER_VARIABLES =
  /\b(?:arc_\w+|atrn_(?:host|mode)|connection_id|dmarc_\w+|dsn_envid|port|recipients_list|spf_used_domain|sender_helo_verified)\b/;

const explanations: readonly Explanation[] = [
  { why: 'newer than Exim 4.96: operators', line: /xtextd|headerwrap/, reference: /unknown expansion operator "(?:xtextd|headerwrap)/ },
  { why: 'newer than Exim 4.96, or not in its build: variables', line: NEWER_VARIABLES, reference: /unknown variable/ },
  { why: 'newer than Exim 4.96: lookup errors are quoted', reference: /gave DEFER: /, ours: /gave DEFER: "/ },
  { why: 'newer than Exim 4.96: paths as keys of dsearch', line: /key=path/, reference: /contains a slash/ },
  { why: 'not built yet', ours: /is not built yet/ },
  {
    why: 'not in the build of the reference',
    reference: /unknown lookup type "(?:testdb|nisplus|redis|cdb)|support for "\w+" not compiled/,
  },
  { why: 'DEVIATIONS: octet zero', line: /\\x(?![1-9A-Fa-f]|0[1-9A-Fa-f])|\\0(?![1-7]|0[1-7])|\\[1-7]?00/ },
  { why: 'DEVIATIONS: caseless comparison', line: /\b(?:lti|lei|gti|gei)\b/ },
  {
    why: 'DEVIATIONS: modules of ${dlfunc are JavaScript',
    line: /dlfunc/,
    ours: /dlopen .* (?:only modules in JavaScript|must be absolute)/,
  },
  { why: 'DEVIATIONS: arguments of commands are UTF-8', line: /run.*[\x80-\xff]/ },
  { why: 'changes from run to run', line: /\$\{?(?:pid|load_average|spool_|log_|tod_)|randint|prvs\{|srs_encode/ },
  { why: 'DEVIATIONS: $value ends with its item', line: /\$\{run\b.*\$\{?value/ },
  { why: 'DEVIATIONS: time spans beyond 32 bits', line: /time_(?:eval|interval):.*\d{9}/ },
  { why: 'DEVIATIONS: octet zero', ours: /\0/ },
  { why: 'DEVIATIONS: labels that are none', line: /utf8_\w+_(?:from|to)_alabel/, ours: /string encoding error|roundtrip failed/ },
  { why: 'the sources run without eximius.build', line: /exim_path/ },
  { why: 'Exim loses $value of an outer reduce', line: /reduce.*reduce.*\$\{?value/ },
  { why: 'DEVIATIONS: Exim has no message here', reference: /^Failed: (?: inside .*)?$/ },
  { why: 'DEVIATIONS: text behind ${ipv6norm stays', line: /ipv6norm/, reference: /^(?!Failed)/, ours: /^(?!Failed)/ },
  { why: 'DEVIATIONS: ::, all zeros, is written as such', line: /ipv6norm|mask_n/, reference: /(?<!:):(?![:\w])/, ours: /::/ },
  {
    why: 'DEVIATIONS: what is not evaluated is not computed',
    line: /\$\{(?:substr|length|n?hash|sg|listextract|imapfolder|sort|lookup|extract|prvscheck|filter|if|certextract)\b/,
    reference:
      /is not a (?:positive )?number|regular expression error|must be numeric|IMAP folder separator|for single-key|is not a single-key|condition name expected|hash count|missing '}' closing extract|prvscheck' \(max is 1\)|inside "for(?:any|all)|certificate variable|result for extract jsons inside "filter"/,
  },
  { why: 'DEVIATIONS: ${extract json', line: /extract jsons?.*"[^"]*(?:,|\\")[^"]*"/ },
  { why: 'DEVIATIONS: ${rfc2047d of an unknown charset', line: /rfc2047d.*=\?(?:\?|[^?]*\?)/, reference: /iconv|charset|^(?!Failed)/ },
  { why: 'Exim sets $value for an address that cannot match', line: /match_address.*@.*\$value/, reference: /@/ },
  { why: 'DEVIATIONS: IPv4 addresses in hexadecimal IPv6 ones', line: /reverse_ip:::[Ff]{4}:[0-9A-Fa-f]+:/ },
  { why: 'DEVIATIONS: options of lookups in address lists', line: /match_address.*search[*@]*,[^;}]*@[^;}]*;/ },
  { why: 'Exim reads behind the end of an empty list', line: /listextract\s*\{[^}]*\}\s*\{<[^\w\s}]?\s*\}/ },
];

/** Why the two differ; undefined when nobody knows. */
export function explain({ line, reference, ours }: Difference): string | undefined {
  if (reference.kind === 'died' && ours.kind === 'printed') return 'Exim crashes';
  return explanations.find(
    (known) =>
      (known.line?.test(line) ?? true) && (known.reference?.test(textOf(reference)) ?? true) && (known.ours?.test(textOf(ours)) ?? true),
  )?.why;
}

export function textOf(answer: Answer): string {
  return answer.kind === 'printed' ? answer.text : `(${answer.how})`;
}
