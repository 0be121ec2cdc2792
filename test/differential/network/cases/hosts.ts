/** Who the client is: names, HELO, ident, hosts that are refused or trusted. Spec ch. 14 "host_lookup", "helo_…", "rfc1413_…", "…_unqualified_hosts". */
import type { NetworkCase } from '../case.ts';
import { EHLO, ENVELOPE, MAIL, MESSAGE, QUIT, RCPT, session, variants } from '../pieces.ts';

const from = (host: string) => `!open from=127.0.0.${host}\n`;
const greeted = (host: string, helo = 'EHLO client.example') => `${from(host)}${helo}\n${MAIL}${QUIT}`;

function names(): NetworkCase[] {
  const hosts = ['2', '3', '4', '5', '6'];
  return [
    ...hosts.flatMap((host) =>
      variants(`names, from .${host}`, [
        ['host_lookup = *', `${from(host)}${MESSAGE}${QUIT}`],
        ['host_lookup = *\nhost_lookup_order = bydns', greeted(host)],
        ['host_lookup = *\nhost_lookup_order = byaddr', greeted(host)],
        ['host_lookup = *\nhost_lookup_order = byaddr:bydns', greeted(host)],
        ['host_lookup = *\nlog_selector = -host_lookup_failed +smtp_connection', greeted(host)],
        ['host_lookup = *\nacl_smtp_connect = require verify = reverse_host_lookup', greeted(host)],
        ['acl_smtp_connect = require verify = reverse_host_lookup', greeted(host)],
        ['host_reject_connection = *.hosts.example', greeted(host)],
        ['host_reject_connection = ! *.hosts.example', greeted(host)],
        ['host_reject_connection = +ignore_unknown : *.hosts.example', greeted(host)],
        ['host_reject_connection = +include_unknown : *.hosts.example', greeted(host)],
        ['host_reject_connection = +ignore_defer : *.hosts.example', greeted(host)],
        ['host_reject_connection = +include_defer : *.hosts.example', greeted(host)],
        ['host_reject_connection = +ignore_unknown : *.hosts.example\nlog_selector = +unknown_in_list', greeted(host)],
        ['hosts_connection_nolog = *.hosts.example', greeted(host)],
        ['acl_smtp_mail = deny condition = ${if eq{$sender_host_name}{}}', greeted(host)],
        [
          'acl_smtp_connect = accept logwrite = :main:name=$sender_host_name aliases=$sender_host_aliases failed=$host_lookup_failed deferred=$host_lookup_deferred dnssec=$sender_host_dnssec',
          greeted(host),
        ],
      ]),
    ),
    ...variants('names', [
      ['host_lookup = 127.0.0.3', greeted('2')],
      ['host_lookup = ! 127.0.0.2 : *', greeted('2')],
      ['host_lookup = two.hosts.example', greeted('2')],
      ['host_lookup = nonexistent.example', greeted('2')],
      ['host_lookup = again.example', greeted('2')],
      ['host_lookup_order = bogus\nhost_lookup = *', greeted('2')],
      ['host_lookup = *\nlog_selector = -smtp_connection', `${from('3')}${ENVELOPE}RCPT TO:<x>\n${QUIT}`],
      ['host_lookup = *\nlog_selector = +smtp_syntax_error', `${from('4')}${EHLO}MAIL FROM:<x>\n${MAIL}RCPT TO:<y>\n${QUIT}`],
      ['host_lookup = *\nlog_selector = +smtp_syntax_error', `${from('5')}${EHLO}MAIL FROM:<x>\n${MAIL}RCPT TO:<y>\n${QUIT}`],
    ]),
  ];
}

function rejection(): NetworkCase[] {
  return variants('refused', [
    ['host_reject_connection = 127.0.0.2', greeted('2')],
    ['host_reject_connection = 127.0.0.2\nlog_selector = -connection_reject', greeted('2')],
    ['host_reject_connection = 127.0.0.2\nacl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason', greeted('2')],
    ['host_reject_connection = 127.0.0.2\nlog_selector = +smtp_no_mail', greeted('2')],
    ['host_reject_connection = 127.0.0.0/8', greeted('2')],
    ['host_reject_connection = again.example', greeted('2')],
    ['host_reject_connection = ${bogus}', greeted('2')],
    ['host_reject_connection = ${if eq{a}{b}{*}fail}', greeted('2')],
    ['host_reject_connection = ${lookup dnsdb{defer_strict,a=again.example}}', greeted('2')],
    ['host_reject_connection = net-lsearch;DIR/files/hosts', greeted('2')],
    ['host_reject_connection = net24-lsearch;DIR/files/hosts', greeted('2')],
    ['host_reject_connection = DIR/files/list', greeted('2')],
    ['host_reject_connection = DIR/files/list', greeted('3')],
    ['host_reject_connection = @', greeted('2')],
    ['host_reject_connection = @[]', `!open from=127.0.0.1\n${QUIT}`],
    ['host_reject_connection = <; ::1 ; 127.0.0.3', greeted('3')],
    ['host_reject_connection = 127.0.0.2:', greeted('2')],
    ['host_reject_connection = 127.0.0', greeted('2')],
    ['host_reject_connection = ^two\\\\.', greeted('2')],
    ['host_reject_connection = $sender_host_address', greeted('2')],
  ]).map((each) => ({ ...each, files: { hosts: '127.0.0.2: x\n127.0.0.0/24: y\n', list: '# hosts\n127.0.0.3\n*.hosts.example\n' } }));
}

const HELOS = [
  'EHLO two.hosts.example',
  'EHLO [127.0.0.2]',
  'EHLO [127.0.0.3]',
  'EHLO 127.0.0.2',
  'EHLO helo.example',
  'EHLO other.example',
  'EHLO nonexistent.example',
  'EHLO again.example',
  'EHLO mail.example.com',
  'HELO two.hosts.example',
  'HELO other.example',
  'EHLO [IPv6:::1]',
];
const JUNK = [
  'EHLO',
  'HELO',
  'EHLO a_b',
  'HELO a_b',
  'EHLO a b',
  'HELO a!b',
  'EHLO -x',
  'EHLO x..y',
  'EHLO [x]',
  'EHLO [1.2.3',
  'HELO (c)',
  'EHLO .',
  'EHLO x.',
  'EHLO caf\xe9',
  'EHLO [127.0.0.2',
  'HELO "x"',
];

function helo(): NetworkCase[] {
  const each = (helo: string) => session(`${helo}\n${MAIL}${RCPT}!data\n${QUIT}`);
  const all = (helos: readonly string[]) => session(`${helos.map((helo) => `${helo}\n`).join('')}${QUIT}`);
  return [
    ...HELOS.flatMap((helo) =>
      variants(`${helo}`, [
        ['helo_verify_hosts = *', each(helo)],
        ['helo_try_verify_hosts = *\nacl_smtp_rcpt = accept verify = helo', each(helo)],
        ['helo_lookup_domains = *', each(helo)],
        ['', each(helo)],
      ]),
    ),
    ...variants('junk', [
      ['smtp_max_synprot_errors = 50\nlog_selector = +smtp_syntax_error', all(JUNK)],
      ['smtp_max_synprot_errors = 50\nhelo_accept_junk_hosts = *', all(JUNK)],
      ['smtp_max_synprot_errors = 50\nhelo_accept_junk_hosts = 127.0.0.3', all(JUNK)],
      ['smtp_max_synprot_errors = 50\nhelo_allow_chars = _', all(JUNK)],
      ['smtp_max_synprot_errors = 50\nhelo_allow_chars = _!', all(JUNK)],
      ['smtp_max_synprot_errors = 50\nhelo_allow_chars = "\\351"', all(JUNK)],
      ['log_selector = +smtp_syntax_error', all(JUNK)],
      ['helo_accept_junk_hosts = *', session(`EHLO a b\n${MAIL}${RCPT}!data\n${QUIT}`)],
      ['helo_accept_junk_hosts = *', session(`!raw EHLO \\x01\\xff\\x07\\r\\n\n!read\n${MAIL}${RCPT}!data\n${QUIT}`)],
      ['helo_verify_hosts = *\nhelo_accept_junk_hosts = *', session(`EHLO a b\n${MAIL}${QUIT}`)],
      ['hosts_require_helo = *', session(`${MAIL}EHLO bad_name\n${MAIL}EHLO x\n${MAIL}${QUIT}`)],
      ['hosts_require_helo = ! 127.0.0.2', session(`${MAIL}${QUIT}`)],
    ]),
    ...variants('helo', [
      [
        'helo_verify_hosts = *\nlog_selector = +smtp_protocol_error',
        session(`EHLO other.example\nHELO other.example\n${MAIL}EHLO two.hosts.example\n${MAIL}EHLO other.example\n${RCPT}${QUIT}`),
      ],
      ['helo_verify_hosts = 127.0.0.3', session(`EHLO other.example\n${QUIT}`)],
      ['helo_lookup_domains = @', session(`EHLO mail.example.com\n${MAIL}${QUIT}`)],
      ['helo_lookup_domains = @', session(`EHLO client.example\n${MAIL}${QUIT}`)],
      ['helo_lookup_domains =', session(`EHLO mail.example.com\n${MAIL}${QUIT}`)],
      ['helo_lookup_domains = *.example', session(`EHLO client.example\n${MAIL}${QUIT}`)],
    ]),
  ];
}

function unqualified(): NetworkCase[] {
  const both = session(`${EHLO}MAIL FROM:<x>\n${MAIL}RCPT TO:<y>\nRCPT TO:<postmaster>\nRCPT TO:<"a b">\n!data\n${QUIT}`);
  const allowed = session(
    `${EHLO}MAIL FROM:<x>\nRCPT TO:<y>\nRCPT TO:<"a b">\n!data From: f\\r\\nTo: t, "g" <g>\\r\\nSender: s\\r\\n\\r\\n\n${QUIT}`,
  );
  const qualify = 'qualify_domain = q.example\nqualify_recipient = r.example';
  return variants('unqualified', [
    [qualify, both],
    [`${qualify}\nsender_unqualified_hosts = *`, both],
    [`${qualify}\nrecipient_unqualified_hosts = *`, both],
    [`${qualify}\nsender_unqualified_hosts = *\nrecipient_unqualified_hosts = *`, allowed],
    [`${qualify}\nsender_unqualified_hosts = *\nrecipient_unqualified_hosts = 127.0.0.3`, allowed],
    [`${qualify}\nsender_unqualified_hosts = 127.0.0.2`, allowed],
    [`${qualify}\nsender_unqualified_hosts = two.hosts.example`, allowed],
    [
      'percent_hack_domains = a.example\nlog_selector = +received_recipients',
      session(
        `${EHLO}${MAIL}RCPT TO:<x%b.example@a.example>\nRCPT TO:<x%y%b.example@a.example>\nRCPT TO:<x%a.example@c.example>\nRCPT TO:<%@a.example>\n!data\n${QUIT}`,
      ),
    ],
    [
      'percent_hack_domains = *\nacl_smtp_rcpt = accept domains = b.example\n',
      session(
        `${EHLO}${MAIL}RCPT TO:<x%b.example@a.example>\nRCPT TO:<x%c.example@b.example>\nRCPT TO:<x%b.example%a.example@z.example>\n!data\n${QUIT}`,
      ),
    ],
    [
      'strip_excess_angle_brackets',
      session(
        `${EHLO}MAIL FROM:<<s@s.example>>\nRCPT TO:<<<x@a.example>>>\nRCPT TO:<<x@a.example>\nRCPT TO:<x@a.example>>\n!data\n${QUIT}`,
      ),
    ],
    [
      '',
      session(
        `${EHLO}MAIL FROM:<<s@s.example>>\n${MAIL}RCPT TO:<<x@a.example>>\nRCPT TO:x@a.example\nRCPT TO: <x@a.example>\n!data\n${QUIT}`,
      ),
    ],
    [
      'strip_trailing_dot',
      session(`${EHLO}MAIL FROM:<s@s.example.>\nRCPT TO:<x@a.example.>\nRCPT TO:<x@a.example..>\nRCPT TO:<x.@a.example>\n!data\n${QUIT}`),
    ],
    [
      'smtp_max_synprot_errors = 10',
      session(
        `${EHLO}MAIL FROM:<s@s.example.>\n${MAIL}RCPT TO:<x@a.example.>\nRCPT TO:<x@.a.example>\nRCPT TO:<.x@a.example>\nRCPT TO:<x..y@a.example>\nRCPT TO:<@b.example:x@a.example>\n!data\n${QUIT}`,
      ),
    ],
    [
      'allow_domain_literals',
      session(`${EHLO}MAIL FROM:<s@[127.0.0.2]>\nRCPT TO:<x@[127.0.0.1]>\nRCPT TO:<x@[IPv6:::1]>\nRCPT TO:<x@[nonsense]>\n!data\n${QUIT}`),
    ],
    ['', session(`${EHLO}MAIL FROM:<s@[127.0.0.2]>\n${MAIL}RCPT TO:<x@[127.0.0.1]>\n${QUIT}`)],
    ['', session(`${EHLO}MAIL FROM:<>\nRCPT TO:<>\nRCPT TO:<postmaster>\nRCPT TO:<Postmaster@>\n!data\n${QUIT}`)],
    [
      '',
      session(
        `${EHLO}mail from:s@s.example\nrcpt to: x@a.example\nRCPT TO:<"x y"@a.example>\nRCPT TO:<x@A.EXAMPLE>\nRCPT TO:<"X"@a.example>\n!data\n${QUIT}`,
      ),
    ],
    [
      'message_size_limit = 10',
      session(
        `${EHLO}MAIL FROM:<s@s.example> SIZE=5 BODY=8BITMIME\nRSET\nMAIL FROM:<s@s.example> SIZE=11\nMAIL FROM:<s@s.example> SIZE=\nMAIL FROM:<s@s.example> BODY=x\nMAIL FROM:<s@s.example> BOGUS=1\n${QUIT}`,
      ),
    ],
  ]);
}

export function hostCases(): NetworkCase[] {
  return [...names(), ...rejection(), ...helo(), ...unqualified()];
}
