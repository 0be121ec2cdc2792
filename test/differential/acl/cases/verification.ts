/** `verify = …`, callouts to a scripted host, and -bv, -bvs, -bt. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const RECIPIENTS = [
  'x@a.example',
  'failing@a.example',
  'deferring@a.example',
  'nobody@a.example',
  'alias@a.example',
  'two@a.example',
  'loop@a.example',
  'x@elsewhere.example',
];

const VERIFICATIONS: readonly string[] = [
  'verify = recipient',
  'verify = recipient/defer_ok',
  'verify = recipient/success_on_redirect',
  'verify = recipient/no_details',
  'verify = sender',
  'verify = sender/defer_ok',
  'verify = sender/no_details',
  'verify = sender/success_on_redirect',
  'verify = sender=x@a.example',
  'verify = sender=failing@a.example',
  'verify = sender=deferring@a.example/defer_ok',
  'verify = sender=nobody@a.example/no_details',
  'verify = sender=${local_part}@a.example',
];

const HEADERS: Readonly<Record<string, string>> = {
  good: 'From: x@a.example\nTo: x@a.example\nSubject: s\n\nb\n',
  'bad syntax': 'From: x@a.example\nTo: a b c <\nSubject: s\n\nb\n',
  'bad from': 'From: @\nTo: x@a.example\n\nb\n',
  unqualified: 'From: x\nTo: y\n\nb\n',
  'failing sender': 'From: failing@a.example\nTo: x@a.example\n\nb\n',
  'deferring sender': 'From: deferring@a.example\nTo: x@a.example\n\nb\n',
  'two froms': 'From: failing@a.example\nReply-To: x@a.example\nSender: nobody@a.example\nTo: x@a.example\n\nb\n',
  'no sender': 'To: x@a.example\nSubject: s\n\nb\n',
  group: 'From: x@a.example\nTo: people: x@a.example, y@a.example;\nCc: undisclosed:;\n\nb\n',
  'empty to': 'From: x@a.example\nTo:\nCc: ,\n\nb\n',
  'not ascii': 'From: x@a.example\nX-\xe9: y\nTo: x@a.example\n\nb\n',
  blind: 'From: x@a.example\nTo: other@a.example\nCc: X@A.example\n\nb\n',
  resent: 'Resent-From: x@a.example\nResent-To: a b <\nFrom: x@a.example\nTo: x@a.example\n\nb\n',
  comments: 'From: (comment) "Quoted \\"x\\"" <x@a.example> (more)\nTo: x(comment)@a.example\n\nb\n',
  route: 'From: <@r.example:x@a.example>\nTo: x@[192.0.2.1]\n\nb\n',
};

const HEADER_VERIFICATIONS = [
  'header_syntax',
  'header_sender',
  'header_sender/defer_ok',
  'header_names_ascii',
  'not_blind',
  'not_blind/case_insensitive',
];

const CALLOUTS: readonly string[] = [
  'recipient/callout',
  'recipient/callout=no_cache',
  'recipient/callout=use_sender',
  'recipient/callout=use_postmaster',
  'recipient/callout=random',
  'recipient/callout=30s,defer_ok',
  'recipient/callout=5s,no_cache,use_sender',
  'recipient/callout=postmaster',
  'recipient/callout=fullpostmaster',
  'recipient/callout=maxwait=10s',
  'recipient/callout=connect=2s',
  'recipient/callout=hold',
  'recipient/defer_ok/callout',
  'sender/callout',
  'sender/callout=postmaster',
  'sender/callout=postmaster_mailfrom=p@a.example',
  'sender/callout=fullpostmaster',
  'sender/callout=random',
  'sender/callout=defer_ok',
  'sender/callout/no_details',
];

const TARGETS = ['good', 'bad', 'busy', 'drop', 'refused'];

export function verificationCases(): AclCase[] {
  return [
    ...VERIFICATIONS.flatMap((verification) =>
      ['require', 'deny !'].map(
        (verb): AclCase => ({
          name: `verify, ${verb} ${verification}`,
          options: 'acl_smtp_rcpt = check',
          acls: `check:\n  ${verb === 'require' ? 'require ' : 'deny message = <$acl_verify_message>\n    log_message = <$recipient_verify_failure> <$sender_verify_failure> <$acl_verify_message>\n    !'}${verification}\n  accept message = <$address_data> <$sender_address_data>\n`,
          input:
            RECIPIENTS.filter((recipient) => /sender/.test(verification) || recipient !== '')
              .map((recipient) => `${greeting(recipient)}${recipients(recipient)}RSET\n`)
              .join('') + QUIT,
        }),
      ),
    ),
    ...Object.entries(HEADERS).flatMap(([name, text]) =>
      HEADER_VERIFICATIONS.flatMap((verification) =>
        ['', 'smtp_return_error_details\n'].map(
          (options): AclCase => ({
            name: `verify, ${name}: ${verification}${options === '' ? '' : ', with details'}`,
            options: `${options}acl_smtp_rcpt = all\nacl_smtp_data = check`,
            acls: `check:\n  require verify = ${verification}\n  accept\nall:\n  accept\n`,
            input: `${greeting()}${recipients('x@a.example')}${message(text)}${QUIT}`,
          }),
        ),
      ).filter(({ name: full }, index) => index % 2 === 0 || !full.includes('ascii')),
    ),
    ...['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'].flatMap((host) =>
      ['reverse_host_lookup', 'reverse_host_lookup/defer_ok', 'helo', 'csa', 'certificate'].flatMap((verification) =>
        ['helo.example', 'one.hosts.example', `[${host}]`, 'again.example', 'CINQ.hosts.example']
          .filter((_, index) => index === 0 || verification === 'helo')
          .map(
            (helo): AclCase => ({
              name: `verify, ${host}, ${helo}: ${verification}`,
              args: ['-bh', host],
              options: 'acl_smtp_rcpt = check',
              acls: `check:\n  deny !verify = ${verification}\n    message = no: $acl_verify_message\n  accept logwrite = <$sender_host_name> <$host_lookup_failed> <$host_lookup_deferred>\n`,
              input: `EHLO ${helo}\nMAIL FROM:<s@s.example>\n${recipients('x@a.example')}${QUIT}`,
            }),
          ),
      ),
    ),
    ...CALLOUTS.flatMap((callout) =>
      TARGETS.flatMap((target) =>
        ['-bs', '-bhc'].map(
          (mode): AclCase => ({
            name: `callout, ${mode}, ${target}: ${callout}`,
            args: mode === '-bs' ? ['-bs', '-odq', '-oMa', '192.0.2.1'] : ['-bhc', '192.0.2.1'],
            options: 'acl_smtp_rcpt = check',
            acls: `check:\n  deny !verify = ${callout}\n    log_message = <$recipient_verify_failure> <$sender_verify_failure> <$acl_verify_message>\n  accept\n`,
            input: callout.startsWith('sender')
              ? `${greeting(`${target}@x.remote.example`)}${recipients('x@a.example', 'y@a.example')}RSET\n${greeting(`${target}@x.remote.example`)}${recipients('x@a.example')}${QUIT}`
              : `${greeting(target === 'refused' ? 'refused@s.example' : 's@s.example')}${recipients(`${target}@x.remote.example`, `${target}@x.remote.example`, 'x@a.example')}${QUIT}`,
          }),
        ),
      ),
    ),
    ...['-bv', '-bvs', '-bt'].flatMap((mode) =>
      [[], ['-v']].flatMap((more) =>
        [
          ...RECIPIENTS,
          'x@y.remote.example',
          'x',
          '<x@a.example>',
          'Name <x@a.example>',
          'x@a.example, y@a.example',
          '@',
          'a b@c',
          '"q q"@a.example',
          'X+Tag@A.Example',
          '',
        ].map(
          (address): AclCase => ({ name: `address, ${mode}${more.length > 0 ? ' -v' : ''}: ${address}`, args: [...more, mode, address] }),
        ),
      ),
    ),
  ];
}

/** `helo_verify_hosts` and what follows for `verify = helo`. */
export function heloCases(): AclCase[] {
  return ['192.0.2.1', '192.0.2.2', '192.0.2.4'].flatMap((host) =>
    ['helo.example', 'one.hosts.example', 'again.example', `[${host}]`].flatMap((helo) =>
      ['helo_verify_hosts = *', 'helo_try_verify_hosts = *'].map(
        (option): AclCase => ({
          name: `helo, ${host}, ${helo}: ${option}`,
          args: ['-bh', host],
          options: `${option}\nacl_smtp_rcpt = check`,
          acls: 'check:\n  deny !verify = helo\n    message = not verified\n  accept\n',
          input: `EHLO ${helo}\nMAIL FROM:<s@s.example>\n${recipients('x@a.example')}${QUIT}`,
        }),
      ),
    ),
  );
}
