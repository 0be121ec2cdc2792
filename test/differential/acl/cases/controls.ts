/** What controls do to a message that is accepted, and to the session. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const BS = ['-bs', '-odq', '-oMa', '192.0.2.1'];

const CONTROLS: readonly string[] = [
  'fakereject',
  'fakereject/my text',
  'fakereject/two\\nlines',
  'fakereject/551 5.1.1 coded',
  'fakereject/451 wrong',
  'fakereject/',
  'fakereject/a rather long text that is split up into more than one line of the reply because it does not fit into one',
  'fakedefer',
  'fakedefer/my text',
  'fakedefer/452 4.1.1 coded',
  'fakedefer/550 wrong',
  'freeze',
  'freeze/no_tell',
  'queue',
  'queue_only',
  'queue/first_pass_route',
  'queue/only_route',
  'submission',
  'submission/sender_retain',
  'submission/domain=',
  'submission/domain=sub.example',
  'submission/name=A User',
  'submission/domain=sub.example/name=A "User"',
  'suppress_local_fixups',
  'caseful_local_part',
  'caselower_local_part',
  'no_mbox_unspool',
  'no_multiline_responses',
  'allow_auth_unadvertised',
  'no_enforce_sync',
  'enforce_sync',
  'utf8_downconvert',
  'utf8_downconvert/-1',
  'dkim_disable_verify',
];

const MESSAGES: Readonly<Record<string, string>> = {
  usual: 'From: s@s.example\nTo: x@a.example\nSubject: test\n\nbody\n',
  'other from': 'From: Some One <other@s.example>\nSender: third@s.example\nTo: x@a.example\n\nbody\n',
  bare: 'Subject: test\n\nbody\n',
};

export function controlCases(): AclCase[] {
  const effects = CONTROLS.flatMap((control) =>
    ['mail', 'rcpt', 'data'].flatMap((hook) =>
      Object.entries(MESSAGES)
        .filter(([name]) => name === 'usual' || /submission|fixups/.test(control))
        .map(
          ([name, text]): AclCase => ({
            name: `control, ${hook}, ${name}: ${control}`,
            args: BS,
            options: `acl_smtp_${hook} = check${hook === 'rcpt' ? '' : '\nacl_smtp_rcpt = all'}`,
            acls: `check:\n  accept control = ${control}\nall:\n  accept\n`,
            input: `${greeting()}${recipients('x@a.example', 'Big@a.example')}${message(text)}${greeting('t@t.example')}${recipients('x@a.example')}${message(text)}${QUIT}`,
          }),
        ),
    ),
  );
  return [...effects, ...OTHERS, ...REJECT_TARGETS];
}

const OTHERS: AclCase[] = [
  [
    'caseful',
    'acl_smtp_rcpt = check',
    'check:\n  warn control = caseful_local_part\n  deny local_parts = Big\n    message = caseful <$local_part>\n  accept message = <$local_part>\n',
  ],
  [
    'caselower',
    'acl_smtp_rcpt = check',
    'check:\n  warn control = caseful_local_part\n  warn control = caselower_local_part\n  deny local_parts = +caseful : Big\n    message = caseful <$local_part>\n  accept message = <$local_part>\n',
  ],
  [
    'caseful for the next recipient',
    'acl_smtp_rcpt = check',
    'check:\n  warn local_parts = x\n    control = caseful_local_part\n  accept message = <$local_part>\n',
  ],
  [
    'fakes of several recipients',
    'acl_smtp_rcpt = check',
    'check:\n  accept local_parts = x\n    control = fakereject/first\n  accept control = fakedefer/second\n',
  ],
  [
    'fakereject and data',
    'acl_smtp_rcpt = check\nacl_smtp_data = data',
    'check:\n  accept control = fakereject\ndata:\n  accept message = varied\n',
  ],
  [
    'fakereject and deny',
    'acl_smtp_rcpt = check\nacl_smtp_data = data',
    'check:\n  accept control = fakereject\ndata:\n  deny message = really\n',
  ],
  ['no_pipelining', 'acl_smtp_helo = check\nacl_smtp_rcpt = all', 'check:\n  accept control = no_pipelining\nall:\n  accept\n'],
  [
    'no_pipelining at connect',
    'acl_smtp_connect = check\nacl_smtp_rcpt = all',
    'check:\n  accept control = no_pipelining\nall:\n  accept\n',
  ],
  [
    'log of controls',
    'acl_smtp_rcpt = check\nacl_smtp_data = data',
    'check:\n  accept control = queue\n    control = freeze\ndata:\n  accept logwrite = <$queue_name> <$message_size>\n',
  ],
].map(([name = '', options = '', acls = '']) => ({
  name: `controls: ${name}`,
  args: BS,
  options,
  acls,
  input: `${greeting()}${recipients('x@a.example', 'Big@a.example')}${message()}${QUIT}`,
}));

const TARGETS = [
  'main',
  'reject',
  'panic',
  'main : reject',
  'reject : panic',
  'main:panic',
  '',
  'bogus',
  'main : bogus',
  ' main',
  '<, main , reject',
  'MAIN',
];

const REJECT_TARGETS: AclCase[] = [
  ...TARGETS.flatMap((target) =>
    ['rcpt', 'data', 'mail'].map(
      (hook): AclCase => ({
        name: `log_reject_target in ${hook}: ${target}`,
        args: BS,
        options: `acl_smtp_${hook} = check${hook === 'rcpt' ? '' : '\nacl_smtp_rcpt = all'}`,
        acls: `check:\n  warn log_reject_target = ${target}\n  deny message = no\nall:\n  accept\n`,
        input: `${greeting()}${recipients('x@a.example')}${message()}${QUIT}`,
      }),
    ),
  ),
  ...[
    'check:\n  deny local_parts = x\n    log_reject_target =\n  deny message = second\n',
    'check:\n  deny acl = inner\n  deny message = second\ninner:\n  accept log_reject_target = main\n',
    'check:\n  deny !verify = recipient\n    log_reject_target = main\n  deny !verify = sender\n    log_reject_target = reject\n  accept\n',
    'check:\n  defer log_reject_target = reject\n',
    'check:\n  drop log_reject_target = reject\n',
    'check:\n  discard log_reject_target = reject\n',
  ].map((acls, index) => ({
    name: `log_reject_target ${index}`,
    args: BS,
    options: 'acl_smtp_rcpt = check',
    acls,
    input: `${greeting('failing@a.example')}${recipients('x@a.example', 'failing@a.example', 'y@a.example')}${message()}${QUIT}`,
  })),
];
