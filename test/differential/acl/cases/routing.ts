/** What routers say of an address that is verified, sessions that authenticate, and ACLs whose option expands to nothing. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const LAST = `last:
  driver = accept
  transport = discard
begin transports
discard:
  driver = appendfile
  file = /dev/null
`;

/** Of a router that comes first. */
const OPTIONS: readonly string[] = [
  'verify = false',
  'verify_sender = false',
  'verify_recipient = false',
  'verify_only',
  'fail_verify',
  'fail_verify_sender',
  'fail_verify_recipient',
  'more = false\n  local_parts = never',
  'address_data = first\n  unseen',
  'condition = ${if eq{$local_part}{x}{no}{yes}}',
  'condition = ${if bool{maybe}}',
  'condition = ${lookup dnsdb{a=again.example}}',
  'senders = s@s.example',
  'address_test = false',
  'local_part_prefix = pre-',
  'expn = false',
  'cannot_route_message = no $local_part here\n  condition = no\n  more = false',
];

const REDIRECTS: readonly string[] = [
  'data = y@a.example',
  'data = x@a.example',
  'data = y@a.example, z@a.example',
  'data = :fail: not here',
  'data = :defer: not now',
  'data = :fail:',
  'data = :blackhole:',
  'data = /dev/null',
  'data = "|/bin/true"',
  'data =',
  'data = ${if',
  'data = ${if eq{a}{b}{x}fail}',
  'data = not an address <',
  'data = y',
  'data = :fail: 553 5.1.1 coded\n  forbid_fail = false',
  'data = ${if eq{$local_part}{x}{y@a.example}{${if eq{$local_part}{y}{z@a.example}{:fail: end of the line}}}}',
  'data = :include:DIR/nothere',
  'data = :unknown:',
  'data = x@b.example, :fail: never',
];

export function routingCases(): AclCase[] {
  const routers = [
    ...OPTIONS.map((option) => [option, `begin routers\nfirst:\n  driver = accept\n  transport = discard\n  ${option}\n`] as const),
    ...REDIRECTS.map(
      (data) =>
        [
          data,
          `begin routers\nfirst:\n  driver = redirect\n  ${data}\n  allow_fail\n  allow_defer\n  file_transport = discard\n  pipe_transport = discard\n`,
        ] as const,
    ),
  ];
  return [
    ...routers.flatMap(([name, text]) => [
      {
        name: `routing: ${name}`,
        options: 'acl_smtp_rcpt = check',
        acls: 'check:\n  warn !verify = sender\n    log_message = sender: $acl_verify_message\n  require verify = recipient\n  accept message = <$address_data>\n',
        rest: `${text}${LAST}`,
        input: `${greeting('x@a.example')}${recipients('x@a.example', 'pre-y@a.example')}${QUIT}`,
      },
      ...['-bv', '-bvs', '-bt'].map((mode) => ({ name: `routing, ${mode}: ${name}`, args: [mode, 'x@a.example'], rest: `${text}${LAST}` })),
    ]),
    ...['connect', 'helo', 'mail', 'rcpt', 'predata', 'data', 'vrfy', 'quit', 'not_smtp', 'not_smtp_start'].map((hook) => emptyCase(hook)),
    ...AUTHENTICATED,
  ];
}

function emptyCase(hook: string): AclCase {
  const isLocal = hook.startsWith('not_smtp');
  return {
    name: `ACL that expands to nothing: ${hook}`,
    ...(isLocal ? { args: ['-odq', '-oep', '-f', 's@s.example', 'x@a.example'] } : {}),
    options: `${isLocal ? 'acl' : 'acl_smtp'}_${hook} = \${if eq{a}{b}{x}}${hook === 'rcpt' ? '' : '\nacl_smtp_rcpt = accept'}`,
    input: isLocal ? 'From: s@s.example\n\nx\n' : `${greeting()}VRFY x@a.example\n${recipients('x@a.example')}${message()}${QUIT}`,
  };
}

const AUTHENTICATOR =
  'begin authenticators\nplain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :\n  server_condition = ${if eq{$auth2}{user}{yes}{no}}\n  server_set_id = $auth2\n';

const AUTHENTICATED: AclCase[] = [
  'authenticated = *',
  'authenticated = plain',
  'authenticated = other : plain',
  '! authenticated = *',
  'condition = ${if eq{$authenticated_id}{user}}',
  'control = submission',
  'control = submission/sender_retain',
].map((condition) => ({
  name: `authenticated: ${condition}`,
  args: ['-bs', '-odq', '-oMa', '192.0.2.1'],
  options: 'acl_smtp_rcpt = check\nacl_smtp_auth = accept',
  acls: `check:\n  accept ${condition}\n    logwrite = <$authenticated_id> <$sender_host_authenticated>\n  deny\n`,
  rest: AUTHENTICATOR,
  // user, password
  input: `EHLO client.example\nAUTH PLAIN AHVzZXIAcGFzcw==\nMAIL FROM:<s@s.example>\n${recipients('x@a.example')}${message()}${QUIT}`,
}));
