/** `spf`, `spf_guess`, the lookup and the variables, against domains that are there for it. */
import type { Zone } from '../../../e2e/support/dns-server.ts';
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const CLIENT = '192.0.2.1';
const CLIENT6 = '2001:db8::1';

/** Records by the first label of domains below spf.example. */
const RECORDS: Readonly<Record<string, string>> = {
  pass: 'v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all',
  fail: 'v=spf1 -all',
  soft: 'v=spf1 ~all',
  neutral: 'v=spf1 ?all',
  default: 'v=spf1 ip4:203.0.113.1',
  empty: 'v=spf1',
  none: 'something else',
  spaces: 'v=spf1   -all  ',
  case: 'V=sPf1 IP4:192.0.2.1 -ALL',
  leading: ' v=spf1 -all',
  version: 'v=spf10 -all',
  joined: '"v=spf1 ip4:192." "0.2.1 -all"',
  modifier: 'v=spf1 foo=bar -all',
  explained: 'v=spf1 -all exp=why.spf.example',
  unexplained: 'v=spf1 -all exp=nothing.spf.example',
  a: 'v=spf1 a:host.spf.example -all',
  network: 'v=spf1 a:near.spf.example/24 -all',
  elsewhere: 'v=spf1 a:near.spf.example -all',
  mx: 'v=spf1 mx:mail.spf.example -all',
  mxnetwork: 'v=spf1 mx:othermail.spf.example/24 -all',
  ptr: 'v=spf1 ptr:hosts.example -all',
  ptrother: 'v=spf1 ptr:spf.example -all',
  exists: 'v=spf1 exists:%{i}._h.spf.example -all',
  reversed: 'v=spf1 exists:%{ir}.%{v}._h.spf.example -all',
  include: 'v=spf1 include:pass.spf.example -all',
  includefail: 'v=spf1 include:fail.spf.example ~all',
  includesoft: 'v=spf1 ~include:pass.spf.example -all',
  includenone: 'v=spf1 include:none.spf.example -all',
  includenothing: 'v=spf1 include:nothing.spf.example -all',
  includebroken: 'v=spf1 include:broken.spf.example -all',
  includeagain: 'v=spf1 include:again.spf.example -all',
  includeexplained: 'v=spf1 include:pass.spf.example -all exp=why.spf.example',
  redirect: 'v=spf1 redirect=fail.spf.example',
  redirectpass: 'v=spf1 redirect=pass.spf.example',
  redirectnone: 'v=spf1 redirect=none.spf.example',
  redirectlast: 'v=spf1 redirect=fail.spf.example ip4:192.0.2.1',
  redirectunused: 'v=spf1 redirect=pass.spf.example -all',
  many: `v=spf1 ${'a:near.spf.example '.repeat(12)}-all`,
  aagain: 'v=spf1 a:again.spf.example -all',
  broken: 'v=spf1 foo:bar -all',
  brokenlate: 'v=spf1 ip4:192.0.2.1 foo',
  badaddress: 'v=spf1 ip4:300.1.1.1 -all',
  badprefix: 'v=spf1 ip4:192.0.2.0/33 -all',
  badmacro: 'v=spf1 exists:%{x}.spf.example -all',
  void: 'v=spf1 a:v1.nothing.example a:v2.nothing.example a:v3.nothing.example -all',
  loop: 'v=spf1 include:loop.spf.example -all',
};

export const spfZone: Zone = {
  ...Object.fromEntries(Object.entries(RECORDS).map(([label, record]) => [`${label}.spf.example`, [`TXT ${record}`]])),
  'double.spf.example': ['TXT v=spf1 -all', 'TXT v=spf1 +all'],
  'doubleplus.spf.example': ['TXT v=spf1 -all', 'TXT words', 'TXT v=spf1 +all'],
  'two.spf.example': ['TXT words', 'TXT v=spf1 ip4:192.0.2.1 -all'],
  'again.spf.example': ['SERVFAIL'],
  'why.spf.example': ['TXT go away'],
  'host.spf.example': ['A 192.0.2.1', 'AAAA 2001:db8::1'],
  'near.spf.example': ['A 192.0.2.77'],
  'mail.spf.example': ['MX 10 near.spf.example', 'MX 20 host.spf.example'],
  'othermail.spf.example': ['MX 10 near.spf.example'],
  '192.0.2.1._h.spf.example': ['A 127.0.0.2'],
  '1.2.0.192.in-addr._h.spf.example': ['A 127.0.0.2'],
};

const LABELS = [...Object.keys(RECORDS), 'double', 'doubleplus', 'two', 'again', 'nothing', 'host', 'near', 'mail', 'othermail'];

const SHOWN = '$spf_result|$spf_result_guessed|$spf_received|$spf_header_comment|$spf_smtp_comment|${authresults {x}}';

export function spfCases(): AclCase[] {
  return [
    ...LABELS.map((label) => spfCase(`a@${label}.spf.example`, {})),
    ...['pass', 'fail', 'a', 'network', 'mx', 'exists'].map((label) => spfCase(`a@${label}.spf.example`, { host: CLIENT6 })),
    ...['host', 'near', 'mail', 'othermail', 'nothing', 'none', 'fail', 'double'].map((label) =>
      spfCase(`a@${label}.spf.example`, { condition: 'spf_guess' }),
    ),
    ...['v=spf1 -all', 'v=spf1 a/16 ?all', 'v=spf1 redirect=fail.spf.example'].map((record) =>
      spfCase('a@near.spf.example', { condition: 'spf_guess', options: `spf_guess = ${record}` }),
    ),
    ...LISTS.flatMap((list) => ['pass', 'fail', 'double', 'nothing'].map((label) => listCase(list, label))),
    ...TEMPLATES.map((template) => spfCase('User+x.y-z@Fail.spf.example', { options: `spf_smtp_comment_template = ${template}` })),
    ...['127.0.0.1', '127.3.2.1', '::1'].map((host) => spfCase('a@fail.spf.example', { host })),
    ...SENDERS.map((sender) => spfCase(sender, {})),
    ...['pass.spf.example', 'fail.spf.example', 'nothing.spf.example', 'single', '[192.0.2.1]'].map((helo) => spfCase('', { helo })),
    ...SEQUENCES,
    ...LOOKUPS.map(lookupCase),
  ];
}

interface Special {
  readonly host?: string;
  readonly helo?: string;
  readonly condition?: string;
  readonly options?: string;
}

function spfCase(sender: string, { host = CLIENT, helo = 'client.example', condition = 'spf', options = '' }: Special): AclCase {
  const what = [`from <${sender}>`, host === CLIENT ? '' : host, helo === 'client.example' ? '' : helo, condition, options];
  return {
    name: `spf, ${what.filter((part) => part !== '').join(', ')}`,
    args: ['-bh', host],
    options: `acl_smtp_mail = check\nacl_smtp_rcpt = again\n${options}`,
    acls: `check:\n  warn ${condition} = fail : temperror\n    logwrite = matched\n  accept logwrite = ${SHOWN}\nagain:\n  accept logwrite = ${SHOWN}\n`,
    input: `${greeting(sender, `EHLO ${helo}`)}${recipients('x@a.example')}${QUIT}`,
  };
}

const LISTS: readonly string[] = [
  'pass',
  '!pass',
  'fail : softfail',
  'fail : !softfail',
  '!fail : pass',
  '<, fail, pass',
  ':',
  '*',
  'FAIL',
  'fai',
  'failure',
  'foo',
  '!foo',
  '! fail',
  '!!fail',
  'none',
  'permerror',
  'invalid',
  '(invalid)',
  '^f',
  '+fail',
  '${if eq{a}{a}{fail}}',
  '${if eq{a}{b}{fail}fail}',
];

function listCase(list: string, label: string): AclCase {
  return {
    name: `spf, list for ${label}: ${list}`,
    options: 'acl_smtp_rcpt = check',
    acls: `check:\n  deny spf = ${list}\n    message = denied\n  deny !spf = ${list}\n    message = the other way round\n  accept\n`,
    input: `${greeting(`a@${label}.spf.example`)}${recipients('x@a.example')}${QUIT}`,
  };
}

const TEMPLATES: readonly string[] = [
  'a%_b%%c%-d',
  '%{L}|%{l}|%{S}|%{s}|%{O}|%{o}|%{D}|%{d}',
  '%{I}|%{i}|%{C}|%{c}|%{V}|%{v}|%{H}|%{h}|%{R}|%{r}',
  '%{P}',
  '%{d1}|%{dr}|%{d2r}|%{l1r+}|%{lr-.}',
  '%{X}',
  '%{d0}',
  '%{S',
  '%z',
  '$sender_host_address/$sender_helo_name',
  'http://x/?s=%{S}&i=%{I}',
];

const SENDERS: readonly string[] = [
  'a@FAIL.Spf.Example',
  '"a b"@fail.spf.example',
  "a!#$&'*+-/=?^_`{|}~b@fail.spf.example",
  'a@localhost',
  'a=b@fail.spf.example',
];

const SEQUENCES: AclCase[] = [
  {
    name: 'spf, transactions of one session',
    options: 'acl_smtp_mail = check',
    acls: `check:\n  warn logwrite = $spf_result|$spf_received\n  warn spf = fail\n    logwrite = fail\n  accept logwrite = $spf_result|$spf_received\n`,
    input: `${greeting('a@fail.spf.example')}RSET\nMAIL FROM:<b@pass.spf.example>\nRSET\nHELO fail.spf.example\nMAIL FROM:<>\n${QUIT}`,
  },
  {
    name: 'spf, the guess and the record in one message',
    options: 'acl_smtp_rcpt = check',
    acls: `check:\n  warn spf_guess = pass\n    logwrite = $spf_result|$spf_result_guessed\n  warn spf = none\n    logwrite = $spf_result|$spf_result_guessed\n  accept\n`,
    input: `${greeting('a@near.spf.example')}${recipients('x@a.example', 'y@a.example')}${QUIT}`,
  },
  {
    name: 'spf, header lines of an accepted message',
    options: 'acl_smtp_rcpt = check\nacl_smtp_data = check',
    acls: 'check:\n  warn spf = pass\n    add_header = :at_start:$spf_received\n  accept\n',
    input: `${greeting('a@pass.spf.example')}${recipients('x@a.example')}${message()}${QUIT}`,
  },
  {
    name: 'spf, a client without an address',
    args: ['-bs'],
    options: 'acl_smtp_mail = check',
    acls: `check:\n  warn spf = fail\n    logwrite = fail\n  accept logwrite = $spf_result|$spf_received\n`,
    input: `${greeting('a@pass.spf.example')}${QUIT}`,
  },
  {
    name: 'spf, a client whose address is given',
    args: ['-oMa', CLIENT, '-bs'],
    options: 'acl_smtp_mail = check',
    acls: `check:\n  warn spf = fail\n    logwrite = fail\n  accept logwrite = $spf_result|$spf_received\n`,
    input: `${greeting('a@pass.spf.example')}${QUIT}`,
  },
];

const LOOKUPS: readonly string[] = [
  '{a@pass.spf.example} spf {192.0.2.1}',
  '{a@fail.spf.example} spf {192.0.2.1}{yes $value}{no}',
  '{a@nothing.spf.example} spf {192.0.2.1}{yes $value}{no}',
  '{a@pass.spf.example} spf {2001:db8::1}',
  '{a@pass.spf.example} spf {203.0.113.1}',
  '{a@fail.spf.example} spf {127.0.0.1}',
  '{pass.spf.example} spf {192.0.2.1}',
  '{@pass.spf.example} spf {192.0.2.1}',
  '{a@pass.spf.example} spf {garbage}{yes $value}{no}',
  '{a@pass.spf.example} spf {/etc/passwd}{yes $value}{no}',
  '{a@pass.spf.example} spf {}{yes $value}{no}',
  '{} spf {192.0.2.1}{yes $value}{no}',
  'spf {a@pass.spf.example}{yes $value}{no}',
];

function lookupCase(lookup: string): AclCase {
  return {
    name: `spf, lookup ${lookup}`,
    options: 'acl_smtp_mail = check',
    acls: `check:\n  accept logwrite = <\${lookup ${lookup}}>\n`,
    input: `${greeting()}${QUIT}`,
  };
}
