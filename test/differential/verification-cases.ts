/**
 * Addresses that are tested and verified (`-bt`, `-bv`, `-bvs`, `verify = sender`, `verify = recipient`), for the comparison of `submission.ts` and its table: chains of routers that
 * a seed decides, and single ones by hand.
 */
import { Random } from './random.ts';
import type { SubmissionCase } from './submission-cases.ts';

const CHAINS = 300;
/** The table keeps what the first of them do. */
const KEPT_CHAINS = 100;

/** Local parts that routers of the chains know, and others. */
const NAMES = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay', 'nobody'] as const;
const DOMAINS = ['a.example', 'b.example', 'c.example'] as const;

const TRANSPORTS = `begin transports
local:
  driver = appendfile
  file = /dev/null
remote:
  driver = smtp
other:
  driver = pipe
  command = /bin/true
`;

const MAIN = `percent_hack_domains = c.example
allow_domain_literals
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
log_selector = +smtp_confirmation
`;

const ACL = `mail:
  accept condition = \${if eq{$sender_address}{}}
  require verify = sender
  accept message = data=$sender_address_data
rcpt:
  require verify = recipient/success_on_redirect
  warn logwrite = first: $address_data, \${quote:$acl_verify_message}
  require verify = sender
          message = sender: $acl_verify_message
  require verify = recipient
          message = $acl_verify_message/$recipient_verify_failure/$address_data
  accept logwrite = second: $address_data
`;

export function verificationCases(): SubmissionCase[] {
  const cases: SubmissionCase[] = [];
  for (let seed = 1; seed <= CHAINS; seed++) cases.push(...chainCases(seed));
  return cases;
}

/** Whether the table keeps the case. */
export function isKept(name: string): boolean {
  return Number(/^chain (\d+)/.exec(name)?.[1] ?? 0) <= KEPT_CHAINS;
}

/** One chain, and what each mode says of the same addresses. */
function chainCases(seed: number): SubmissionCase[] {
  const random = new Random(seed);
  const routers = chain(random);
  const all = addresses(random);
  const few = random.shuffle(all).slice(0, 2);
  const common = { main: MAIN, acl: ACL, routers, rest: TRANSPORTS };
  const named = (mode: string, args: readonly string[], more: Partial<SubmissionCase> = {}): SubmissionCase => ({
    name: `chain ${seed}: ${mode}`,
    args,
    ...common,
    ...more,
  });
  return [
    named('-bv', ['-bv', ...all]),
    named('-bvs', ['-bvs', ...all]),
    named('-bv -v', ['-v', '-bv', ...all]),
    named('-bvs -v', ['-v', '-bvs', ...all]),
    named('-bt', ['-bt', ...all]),
    named('-bv of two', ['-bv', ...few]),
    named('-bv by nobody', ['-bv', ...few], { user: 'nobody' }),
    named('-bt by nobody', ['-bt', ...all], { user: 'nobody' }),
    named('-bt from standard input', ['-bt', '-f', few[0] ?? ''], { stdin: `${all.slice(0, 4).join('\n')}\n` }),
    named('verify =', ['-bs'], { stdin: dialogue(random) }),
  ];
}

function addresses(random: Random): string[] {
  const plain = NAMES.map((name) => `${name}@${random.pick(DOMAINS)}`);
  return [...plain, ...random.shuffle(UNUSUAL).slice(0, 4)];
}

const UNUSUAL = [
  'Ann@A.Example',
  'BOB@b.example',
  'cat',
  'pre-dan@a.example',
  'eve+suf@a.example',
  'pre-fay+suf@b.example',
  '"quoted part"@a.example',
  '"eve"@a.example',
  '@a.example:bob@b.example',
  'Phrase <cat@a.example>',
  'ann@[192.0.2.9]',
  'no one@a.example',
  '@a.example',
  'bob@',
  '<>',
  'unknown@nowhere.example',
  'ann@a.example, bob@a.example',
  '/dev/null',
  '|/bin/true',
  ':fail: x',
];

function dialogue(random: Random): string {
  const address = () => `${random.chance(0.2) ? 'unknown' : random.pick(NAMES)}@${random.pick(DOMAINS)}`;
  const lines = ['ehlo x.example'];
  for (let mail = 0; mail < 3; mail++) {
    lines.push(`mail from:<${random.chance(0.2) ? '' : address()}>`);
    for (let rcpt = 0; rcpt < 3; rcpt++) lines.push(`rcpt to:<${address()}>`);
    lines.push('rset');
  }
  return `${[...lines, 'quit'].join('\n')}\n`;
}

function chain(random: Random): string {
  const count = 1 + random.below(6);
  const names = Array.from({ length: count }, (_, index) => `r${index + 1}`);
  return names.map((name, index) => `${name}:\n${router(random, names.slice(index + 1))}`).join('');
}

function router(random: Random, later: readonly string[]): string {
  const lines: string[] = [];
  const kind = random.pick(['accept', 'accept', 'redirect', 'redirect', 'redirect', 'redirect', 'manualroute', 'ipliteral'] as const);
  lines.push(`driver = ${kind}`);
  if (kind === 'redirect') lines.push(...redirect(random));
  if (kind === 'manualroute') lines.push(...manualroute(random));
  if (kind === 'ipliteral') lines.push('transport = remote');
  if (kind === 'accept')
    lines.push(
      `transport = ${random.pick(['local', 'local', 'local', 'other', 'other', '${if eq{$local_part}{bob}{none}{local}}', '${if eq{$local_part}{bob}{local}{other}}'])}`,
    );
  lines.push(...preconditions(random));
  lines.push(...generic(random, later).filter((line) => kind === 'accept' || line !== 'headers_add = X: $bad'));
  return lines.map((line) => `  ${line}\n`).join('');
}

function redirect(random: Random): string[] {
  const lines = [`data = ${random.chance(0.5) ? random.pick(DATA) : byName(random)}`];
  for (const [option, probability] of REDIRECT_OPTIONS) if (random.chance(probability)) lines.push(option);
  return lines;
}

/** Names with data of their own. */
function byName(random: Random): string {
  const [first, ...rows] = random.shuffle(NAMES).slice(0, 4);
  return rows.reduce(
    (others, name) => `\${if eq{$local_part}{${name}}{${random.pick(DATA)}}{${others}}}`,
    `\${if eq{$local_part}{${first}}{${random.pick(DATA)}}}`,
  );
}

const DATA = [
  'ann@a.example',
  'bob@b.example',
  'dan@c.example',
  'eve@a.example, fay@b.example',
  'fay@b.example, unknown@nowhere.example',
  'Phrase <eve@a.example>',
  '$local_part@b.example',
  '$local_part@$domain',
  'Ann@a.example',
  'unqualified',
  '\\\\ann',
  '\\\\$local_part',
  ':fail: no such user',
  ':fail: 551 5.7.9 gone away',
  ':fail:',
  ':defer: come later',
  ':defer: 451 4.7.9 come later',
  ':defer:',
  ':blackhole:',
  ':unknown:',
  '/dev/null',
  '/var/mail/$local_part',
  '/var/mail/dir/',
  '"|/bin/true one two"',
  '|/bin/false',
  'ann@a.example, /dev/null',
  ':include:/nonexistent',
  'ann@a.example, bad address@here@there',
  'bad address@here@there',
  '>answer@a.example',
  '',
  '$acl_m_none',
  ':frozen: held',
  'ann@a.example\\n# comment\\nbob@b.example',
] as const;

const REDIRECT_OPTIONS: readonly (readonly [line: string, probability: number])[] = [
  ['allow_fail', 0.6],
  ['allow_defer', 0.6],
  ['allow_freeze', 0.2],
  ['file_transport = local', 0.6],
  ['pipe_transport = other', 0.6],
  ['directory_transport = local', 0.4],
  ['forbid_file', 0.15],
  ['forbid_pipe', 0.15],
  ['check_ancestor', 0.15],
  ['no_repeat_use', 0.15],
  ['qualify_preserve_domain', 0.1],
  ['skip_syntax_errors', 0.15],
  ['ignore_eacces', 0.05],
  ['hide_child_in_errmsg', 0.1],
  ['forbid_include', 0.1],
  ['include_directory = /etc', 0.05],
];

function manualroute(random: Random): string[] {
  const rest = random.pick(['', '', ' byname', ' bydns']);
  const hosts = random.pick([
    '192.0.2.1',
    '192.0.2.1:192.0.2.2',
    '127.0.0.1',
    '"<, 192.0.2.1 , [2001:db8::1]:26"',
    'localhost',
    '',
    '192.0.2.1::26',
  ]);
  const lines = random.chance(0.6)
    ? [
        `route_list = ${random.pick(['*', 'a.example', '!b.example', '*.example', '^c'])} ${hosts}${rest}${random.chance(0.3) ? '; * 192.0.2.77' : ''}`,
      ]
    : [
        `route_data = ${random.pick(['192.0.2.3', '${if eq{$local_part}{ann}{192.0.2.4}}', '${if eq{$local_part}{ann}{192.0.2.4}fail}', '192.0.2.5 byname', ''])}`,
      ];
  lines.push(`transport = ${random.pick(['remote', 'remote', 'local'])}`);
  if (random.chance(0.2)) lines.push(`host_find_failed = ${random.pick(['pass', 'decline', 'fail', 'defer', 'ignore', 'freeze'])}`);
  if (random.chance(0.3))
    lines.push(`self = ${random.pick(['pass', 'fail', 'send', 'defer', 'reroute: b.example', 'reroute: rewrite: c.example'])}`);
  return lines;
}

function preconditions(random: Random): string[] {
  const some = (values: readonly string[]) =>
    random
      .shuffle(values)
      .slice(0, 1 + random.below(values.length))
      .join(' : ');
  const makers: readonly (readonly [probability: number, make: () => string])[] = [
    [0.4, () => `local_parts = ${random.chance(0.2) ? '! ' : ''}${some(NAMES)}`],
    [0.3, () => `domains = ${random.chance(0.2) ? '! ' : ''}${some(DOMAINS)}`],
    [
      0.15,
      () =>
        `condition = ${random.pick(['${if match{$local_part}{a}}', 'yes', 'no', '${if eq{$domain}{a.example}{1}fail}', '${if eq{$bad}{x}}', '${if def:parent_local_part}', '${if eq{$verify_mode}{S}}', '${if eq{$verify_mode}{R}}'])}`,
    ],
    [0.1, () => `senders = ${random.pick(['*@a.example', ':', 'ann@b.example', '! *@c.example'])}`],
    [
      0.16,
      () =>
        random.pick([
          'no_verify',
          'no_verify',
          'no_verify',
          'no_verify_sender',
          'no_verify_recipient',
          'verify = false\n  verify_sender',
          'verify_recipient = false\n  verify',
        ]),
    ],
    [0.08, () => 'verify_only'],
    [0.08, () => 'no_address_test'],
    [0.06, () => 'no_expn'],
    [0.1, () => 'caseful_local_part'],
    [
      0.15,
      () => `local_part_prefix = ${random.pick(['pre-', 'x-', '*-', 'a'])}${random.chance(0.6) ? '\n  local_part_prefix_optional' : ''}`,
    ],
    [0.15, () => `local_part_suffix = ${random.pick(['+suf', '+*', 'n'])}${random.chance(0.6) ? '\n  local_part_suffix_optional' : ''}`],
    [0.08, () => 'check_local_user'],
    [
      0.08,
      () =>
        `require_files = ${random.pick(['/etc/passwd', '/nonexistent/$local_part', '!/nonexistent', '/etc:!/etc/passwd', '+/nonexistent/x/y'])}`,
    ],
  ];
  return makers.filter(([probability]) => random.chance(probability)).map(([, make]) => make());
}

function generic(random: Random, later: readonly string[]): string[] {
  const next = later[random.below(later.length)];
  const makers: readonly (readonly [probability: number, make: () => string | undefined])[] = [
    [0.16, () => random.pick(['fail_verify', 'fail_verify', 'fail_verify_sender', 'fail_verify_recipient'])],
    [0.15, () => random.pick(['no_more', 'more = ${if eq{$local_part}{ann}{yes}{no}}', 'more = ${if eq{$domain}{c.example}{maybe}{no}}'])],
    [
      0.15,
      () =>
        random.pick(['unseen', 'unseen = ${if eq{$local_part}{bob}{true}{false}}', 'unseen = ${if eq{$local_part}{bob}{true}{perhaps}}']),
    ],
    [
      0.3,
      () =>
        random.pick(
          [
            'address_data = $local_part/$domain/$address_data',
            'address_data = ${if eq{$local_part}{eve}{E}fail}',
            'address_data = $bad',
          ].slice(random.chance(0.2) ? 1 : 0, random.chance(0.2) ? 3 : 2),
        ),
    ],
    [0.15, () => 'set = r_one = $local_part ; r_two = $r_one'],
    [
      0.15,
      () =>
        `cannot_route_message = ${random.pick(['cannot route $local_part', '550 5.1.9 not here', 'to $domain', '${if eq{$local_part}{dan}{else}fail}'])}`,
    ],
    [0.1, () => (next === undefined ? undefined : `redirect_router = ${next}`)],
    [0.1, () => (next === undefined ? undefined : `pass_router = ${next}`)],
    [0.08, () => `errors_to = ${random.pick(['ann@a.example', 'unknown@nowhere.example', '', 'unqualified'])}`],
    [0.08, () => `headers_add = ${random.pick(['X-A: b', '${if eq{$local_part}{ann}{}fail}', 'X: $bad'])}`],
    [0.05, () => 'headers_remove = x-y : z'],
    [0.05, () => 'transport_home_directory = /nowhere'],
    [0.05, () => 'ignore_target_hosts = 192.0.2.1 : 127.0.0.1'],
    [0.05, () => 'fallback_hosts = 192.0.2.88'],
    [0.05, () => 'log_as_local'],
  ];
  return makers.flatMap(([probability, make]) => (random.chance(probability) ? (make() ?? []) : []));
}
