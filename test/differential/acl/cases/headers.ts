/** Header lines that ACLs add and remove, in the order in which they end up. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const BS = ['-bs', '-odq', '-oMa', '192.0.2.1'];
const TEXT = 'From: s@s.example\nTo: x@a.example\nSubject: test\nX-One: 1\nX-One: 2\nX-Two: two\n  continued\n\nbody\n';

const ARGUMENTS: readonly string[] = [
  'add_header = X-A: b',
  'add_header = X-A: b\\nX-B: c',
  'add_header = X-A: b\\n  continued\\nX-B: c\\n',
  'add_header = \\nX-A: b',
  'add_header = no name',
  'add_header = X A: b',
  'add_header = :x',
  'add_header = X-A:',
  'add_header = X-A:b',
  'add_header = X-A : b',
  'add_header = :at_start: X-A: start',
  'add_header = :at_start_rfc: X-A: start rfc',
  'add_header = :after_received: X-A: after',
  'add_header = :at_end: X-A: end',
  'add_header = :at_start:X-A: a\\n:at_end:X-B: b\\n:after_received:X-C: c\\n:at_start_rfc:X-D: d',
  'add_header = :at_bogus: X-A: b',
  'add_header = :at_start:',
  'add_header = :at_start: no name',
  'add_header = X-A: $local_part $acl_m_x',
  'add_header = ${if eq{a}{b}{x}fail}',
  'add_header = X-A: \\xe9 high',
  'add_header = X-A: two\\n\\n\\nX-B: three',
  'add_header = From: other@a.example',
  'add_header = Received: none',
  'add_header = X-Long: ${sg{$sender_address_domain${tr{$sender_address}{@}{.}}}{[.]}{ word word word word word word word word word }}',
  'remove_header = X-One',
  'remove_header = x-one : x-two',
  'remove_header = x-*',
  'remove_header = X-One:X-Two:Subject',
  'remove_header = ^(?i)x-[a-z]+:',
  'remove_header = ^x-one',
  'remove_header = ^(',
  'remove_header = Received',
  'remove_header = <; X-One ; X-Two',
  'remove_header = : :',
  'remove_header = nothere',
  'remove_header = ${if eq{a}{b}{x}fail}',
];

const PHASES = ['mail', 'rcpt', 'predata', 'data'];

export function headerCases(): AclCase[] {
  const single = ARGUMENTS.flatMap((argument) =>
    ['rcpt', 'data'].map((phase) => headerCase(`${phase}: ${argument}`, { [phase]: `warn ${argument}` })),
  );
  return [...single, ...MIXED.map(([name, acls]) => headerCase(name, acls)), ...LOCAL];
}

function headerCase(name: string, acls: Readonly<Record<string, string>>): AclCase {
  const options = PHASES.filter((phase) => acls[phase] !== undefined || phase === 'rcpt').map((phase) => `acl_smtp_${phase} = ${phase}`);
  const texts = PHASES.filter((phase) => acls[phase] !== undefined || phase === 'rcpt').map(
    (phase) => `${phase}:\n  ${acls[phase] === undefined ? '' : `${acls[phase]}\n  `}accept\n`,
  );
  return {
    name: `headers, ${name}`,
    args: BS,
    options: options.join('\n'),
    acls: texts.join(''),
    input: `${greeting()}${recipients('x@a.example', 'y@a.example')}${message(TEXT)}${QUIT}`,
  };
}

const MIXED: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [
    'all phases',
    {
      mail: 'warn add_header = X-M: 1',
      rcpt: 'warn add_header = X-R: $local_part',
      predata: 'warn add_header = X-P: 1',
      data: 'warn add_header = X-D: 1',
    },
  ],
  [
    'the same in all phases',
    {
      mail: 'warn add_header = X-A: 1',
      rcpt: 'warn add_header = X-A: 1',
      predata: 'warn add_header = X-A: 1',
      data: 'warn add_header = X-A: 1',
    },
  ],
  ['added and removed', { rcpt: 'warn add_header = X-A: 1\n  warn remove_header = X-A' }],
  ['removed and added', { rcpt: 'warn remove_header = X-A\n  warn add_header = X-A: 1' }],
  ['added before, removed in data', { rcpt: 'warn add_header = X-A: 1', data: 'warn remove_header = X-A' }],
  ['removed before, added in data', { rcpt: 'warn remove_header = X-One', data: 'warn add_header = X-One: new' }],
  ['replaced', { data: 'warn remove_header = Subject\n    add_header = Subject: new' }],
  [
    'starts',
    { rcpt: 'warn add_header = :at_start: X-A: 1\n  warn add_header = :at_start: X-B: 2', data: 'warn add_header = :at_start: X-C: 3' },
  ],
  [
    'rfc starts',
    {
      rcpt: 'warn add_header = :at_start_rfc: X-A: 1\n  warn add_header = :at_start_rfc: X-B: 2',
      data: 'warn add_header = :at_start_rfc: X-C: 3',
    },
  ],
  [
    'after received',
    {
      rcpt: 'warn add_header = :after_received: X-A: 1\n  warn add_header = :after_received: X-B: 2',
      data: 'warn add_header = :after_received: X-C: 3',
    },
  ],
  ['ends', { rcpt: 'warn add_header = X-A: 1\n  warn add_header = :at_start: X-B: 2\n  warn add_header = X-C: 3' }],
  ['read in the same ACL', { data: 'warn add_header = X-A: 1\n  warn add_header = X-B: <$h_x-a:>' }],
  ['read in the next ACL', { rcpt: 'warn add_header = X-A: 1', data: 'warn add_header = X-B: <$h_x-a:>' }],
  ['list of added', { rcpt: 'warn add_header = X-A: 1\\nX-B: 2', data: 'warn logwrite = <$headers_added>' }],
  ['by accept', { rcpt: 'accept add_header = X-A: 1', data: 'accept add_header = X-D: 1\n    remove_header = X-One' }],
  [
    'by accept with a false condition',
    { rcpt: 'accept condition = no\n add_header = X-A: 1', data: 'accept add_header = X-D: 1\n    condition = no' },
  ],
  ['by deny', { rcpt: 'deny local_parts = y\n add_header = X-A: 1' }],
  ['by require', { rcpt: 'require add_header = X-A: 1\n verify = recipient' }],
  ['twice for recipients', { rcpt: 'warn add_header = X-R: $local_part\n  warn add_header = X-S: same' }],
  ['old warn message', { rcpt: 'warn message = X-A: 1', data: 'warn message = X-D: 1\\nno name' }],
  ['old warn message with position', { rcpt: 'warn message = :at_start: X-A: 1' }],
  ['add in helo', { mail: 'warn add_header = X-M: 1\n  deny senders = never@x.example' }],
  ['refused in data', { data: 'warn add_header = X-A: 1\n  deny message = no' }],
];

const LOCAL: AclCase[] = [
  'warn add_header = X-A: 1',
  'warn add_header = :at_start: X-A: 1\n  warn remove_header = X-One',
  'deny message = no',
  'defer message = later',
  'drop',
  'discard',
  'discard log_message = why',
  'warn control = freeze',
  'warn control = queue',
  'deny message = two\\nlines\n    log_message = logged',
  'deny condition = maybe',
  'deny condition = ${if',
  'accept message = varied',
  'require verify = header_syntax',
  'require verify = sender',
].flatMap((statement) =>
  ['not_smtp', 'not_smtp_start'].flatMap((hook) => [
    {
      name: `local, ${hook}: ${statement}`,
      args: ['-odq', '-oep', '-f', 's@s.example', 'x@a.example'],
      options: `acl_${hook} = check`,
      acls: `check:\n  ${statement}\n  accept\n`,
      input: TEXT,
    },
  ]),
);
