/** The ACLs of a session, each with every verb, and the end without QUIT. Spec ch. 44 "Access control lists". */
import type { NetworkCase } from '../case.ts';
import { DATA, EHLO, ENVELOPE, MAIL, MESSAGE, QUIT, RCPT, session, variants } from '../pieces.ts';

const VERBS = ['accept', 'deny', 'defer', 'drop', 'discard', 'warn', 'require'] as const;

/** What leads to the ACL, and what comes behind it. */
const HOOKS: Readonly<Record<string, string>> = {
  connect: MESSAGE,
  helo: `${EHLO}${MAIL}HELO x\n${MAIL}`,
  mail: `${EHLO}${MAIL}${MAIL}${RCPT}${DATA}`,
  mailauth: `${EHLO}MAIL FROM:<s@s.example> AUTH=a@b.example\n${RCPT}${DATA}`,
  rcpt: `${EHLO}${MAIL}${RCPT}${RCPT}${DATA}`,
  predata: `${ENVELOPE}${DATA}${DATA}`,
  data: `${ENVELOPE}${DATA}${MAIL}${RCPT}${DATA}`,
  quit: EHLO,
  vrfy: `${EHLO}VRFY x@a.example\nVRFY nobody@a.example\n`,
  expn: `${EHLO}EXPN x@a.example\n`,
  etrn: `${EHLO}ETRN #x\nETRN y\n`,
  notquit: EHLO,
};

const MODIFIERS: readonly (readonly [name: string, text: string])[] = [
  ['none', ''],
  ['message', ' message = said to client'],
  ['both', ' message = 599 5.7.9 said\n log_message = said to log'],
  ['log_message', ' log_message = said to log'],
  ['logwrite', ' logwrite = :main,reject:told'],
];

function verbs(): NetworkCase[] {
  return Object.entries(HOOKS).flatMap(([hook, script]) =>
    VERBS.flatMap((verb) =>
      MODIFIERS.map(([name, text]) => {
        const condition = verb === 'require' ? '\n condition = no' : '';
        const rest = verb === 'warn' || verb === 'require' ? ' accept\n' : '';
        return {
          name: `hook ${hook}: ${verb}, ${name}`,
          options: `acl_smtp_${hook} = hook\nsmtp_etrn_command = /bin/true\nlog_selector = +smtp_connection +smtp_incomplete_transaction`,
          acls: `hook:\n ${verb}${text === '' ? '' : `${text}`}${condition}\n${rest}`,
          script: session(`${script}${hook === 'notquit' ? '' : QUIT}`),
        };
      }),
    ),
  );
}

const NOTQUIT = 'acl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason';

function ends(): NetworkCase[] {
  return variants('notquit', [
    [NOTQUIT, session(EHLO)],
    [NOTQUIT, session(ENVELOPE)],
    [NOTQUIT, session(`${MESSAGE}${QUIT}`)],
    [`${NOTQUIT}\nacl_smtp_mail = drop`, session(`${EHLO}${MAIL}`)],
    [`${NOTQUIT}\nacl_smtp_connect = drop`, session(EHLO)],
    [`${NOTQUIT}\nacl_smtp_connect = deny`, session(EHLO)],
    [`${NOTQUIT}\nacl_smtp_helo = drop`, session(EHLO)],
    [`${NOTQUIT}\nacl_smtp_data = drop`, session(MESSAGE)],
    [`${NOTQUIT}\nacl_smtp_predata = drop`, session(MESSAGE)],
    [`${NOTQUIT}\nacl_smtp_quit = drop`, session(`${EHLO}${QUIT}`)],
    [`${NOTQUIT}\nacl_smtp_vrfy = drop`, session(`${EHLO}VRFY x\n`)],
    [`${NOTQUIT}\nsmtp_max_unknown_commands = 0`, session(`${EHLO}BOGUS\n`)],
    [`${NOTQUIT}\nsmtp_accept_max_nonmail = 0`, session(`${EHLO}NOOP\n`)],
    [`${NOTQUIT}\npipelining_connect_advertise_hosts =`, session(`${EHLO}NOOP || NOOP\n`)],
    [`${NOTQUIT}\nsmtp_receive_timeout = 1s`, session(`${EHLO}!end\n`)],
    ['acl_smtp_notquit = deny message = 599 x', session(`${EHLO}BOGUS\nBOGUS\nBOGUS\nBOGUS\n`)],
    ['acl_smtp_notquit = accept message = goodbye\nsmtp_max_unknown_commands = 0', session(`${EHLO}BOGUS\n`)],
    ['acl_smtp_notquit = accept message = 550 goodbye\nacl_smtp_mail = drop', session(`${EHLO}${MAIL}`)],
    ...[
      ['pipelining_connect_advertise_hosts =', `${EHLO}NOOP || NOOP\n`],
      ['smtp_accept_max_nonmail = 0', `${EHLO}NOOP\n`],
      ['smtp_receive_timeout = 1s', `${EHLO}!end\n`],
      ['smtp_receive_timeout = 1s', `${ENVELOPE}DATA\n!end\n`],
      ['smtp_receive_timeout = 1s', `${ENVELOPE}DATA\n!raw Subject: x\\r\\n\n!half\n!end\n`],
      ['acl_smtp_connect = drop', ''],
    ].map(([more = '', script = '']): [string, string] => [`acl_smtp_notquit = accept message = goodbye\n${more}`, session(script)]),
    ['acl_smtp_notquit = ${bogus}', session(EHLO)],
    ['acl_smtp_notquit = missing', session(EHLO)],
    ['acl_smtp_notquit = accept delay = 100ms', session(EHLO)],
    [
      'acl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason $smtp_command $smtp_command_history $sender_address $recipients_count',
      session(`${ENVELOPE}NOOP x\n`),
    ],
    ['acl_smtp_quit = accept message = 250 bye\\\\nbye', session(`${EHLO}${QUIT}`)],
    ['acl_smtp_quit = ${bogus}', session(`${EHLO}${QUIT}`)],
    ['acl_smtp_quit = missing', session(`${EHLO}${QUIT}`)],
    ['acl_smtp_connect = ${bogus}', session(`${EHLO}${QUIT}`)],
    ['acl_smtp_connect = missing', session(`${EHLO}${QUIT}`)],
    ['acl_smtp_connect = ', session(`${EHLO}${QUIT}`)],
    ['acl_smtp_helo = ${bogus}', session(`${EHLO}${QUIT}`)],
    ['acl_smtp_mail = ${bogus}', session(`${EHLO}${MAIL}${QUIT}`)],
    ['acl_smtp_mail = ${if eq{a}{b}{x}fail}', session(`${EHLO}${MAIL}${QUIT}`)],
    ['acl_smtp_rcpt = ${bogus}', session(`${ENVELOPE}${DATA}${QUIT}`)],
    ['acl_smtp_rcpt =', session(`${ENVELOPE}${DATA}${QUIT}`)],
    ['acl_smtp_predata = ${bogus}', session(`${ENVELOPE}${DATA}${QUIT}`)],
    ['acl_smtp_data = ${bogus}', session(`${ENVELOPE}${DATA}${QUIT}`)],
    ['acl_smtp_vrfy = ${bogus}', session(`${EHLO}VRFY x\n${QUIT}`)],
    ['acl_smtp_connect = warn', session(`${EHLO}${QUIT}`)],
    ['smtp_return_error_details\nacl_smtp_rcpt = require verify = recipient', session(`${EHLO}${MAIL}RCPT TO:<nobody@a.example>\n${QUIT}`)],
    ['acl_smtp_rcpt = require verify = recipient', session(`${EHLO}${MAIL}RCPT TO:<nobody@a.example>\n${QUIT}`)],
    [
      'smtp_return_error_details\nacl_smtp_rcpt = require verify = sender',
      session(`${EHLO}MAIL FROM:<nobody@a.example>\n${RCPT}${RCPT}${QUIT}`),
    ],
    ['acl_smtp_rcpt = require verify = sender', session(`${EHLO}MAIL FROM:<nobody@a.example>\n${RCPT}${RCPT}${QUIT}`)],
    [
      'acl_smtp_rcpt = require verify = sender\nlog_selector = -sender_verify_fail',
      session(`${EHLO}MAIL FROM:<nobody@a.example>\n${RCPT}${RCPT}${QUIT}`),
    ],
    ['acl_smtp_data = deny\nlog_selector = -rejected_header', session(`${MESSAGE}${QUIT}`)],
    ['acl_smtp_data = deny\nno_write_rejectlog', session(`${MESSAGE}${QUIT}`)],
    [
      'acl_smtp_mail = accept control = no_multiline_responses\nacl_smtp_rcpt = deny message = one\\\\ntwo',
      session(`${ENVELOPE}${DATA}${QUIT}`),
    ],
  ]);
}

export function hookCases(): NetworkCase[] {
  return [...verbs(), ...ends()];
}
