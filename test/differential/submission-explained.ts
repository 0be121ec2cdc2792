/** Differences of submissions from Exim 4.96 that are known and meant. A difference of a case that is not named here is a fault. */
const explanations: readonly (readonly [cases: RegExp, why: string])[] = [
  [/^plain: CR alone$/, 'Exim 4.96 counts what it makes of the CR to the length of the line'],
  [/^plain: a long header line$/, 'S= of Exim counts one octet more for a header line of 1000 or more: its length takes four digits in -H'],
  [/^errors: refused by the ACL without message/, 'DEVIATIONS: Exim 4.96 logs NULL'],
  [/^header: both$|^header: message_id_header_domain$/, 'Exim 4.96 crashes'],
  [/^header: unqualified with phrases$/, 'DEVIATIONS: header lines that become longer are not folded'],
  [/^ACL header: remove_header \*$/, 'newer than Exim 4.96: names that end in *'],
  [/^-bs: -bnq$/, 'newer than Exim 4.96: unqualified senders are in the main log too'],
  [/^-bs: end of input in a transaction$/, 'newer than Exim 4.96: disconnection'],
  [/^-bs: -N$/, 'Exim also shows lines whose log selector is off'],
  [/^-bS: too big$/, 'Exim stops to count lines where the message became too big'],
  [/^limit: -bs: message_size_limit$/, 'the reject log has the header as it came'],
  [/^charset: -F long in UTF-8$/, 'encoded words are no longer than 75 octets and cut no character'],
  [/^option: -L(?: attached)?$/, 'syslog has the lines; the daemon, as which this runs, keeps its own log'],
  [/^-oM: -oMm bad/, 'newer than Exim 4.96: the message begins with the name of the program'],
  [/^queue by root: -Mvl$/, 'DEVIATIONS: no msglog before the first attempt'],
  [/^queue by root: -Mg$/, 'the boundary of a bounce has a number of any length'],
  [/^queue by \w+: -d$/, 'debugging output is not the interface'],
  [/^chain (?:12|221): -bt/, 'an errors address is verified on the way, and $verify_mode is empty in Exim behind that'],
  [/^chain (?:133|143|192|291): verify =$/, 'DEVIATIONS: :fail: and :defer: without text have the usual reply'],
  [/^chain (?:81|283): -/, 'Exim has no $local_part in cannot_route_message when the last router was passed over for its affixes'],
];

export function explainCase(name: string): string | undefined {
  return explanations.find(([cases]) => cases.test(name))?.[1];
}
