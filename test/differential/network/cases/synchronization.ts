/** Clients that do not wait. Spec ch. 14 "smtp_enforce_sync"; RFC 2920. */
import type { NetworkCase } from '../case.ts';
import { EHLO, MAIL, QUIT, RCPT, session, variants } from '../pieces.ts';

const HELO = 'HELO client.example\n';

/** What was sent in one write, behind what was said before. */
const COMMANDS: readonly (readonly [name: string, before: string, sent: string])[] = [
  ['EHLO', '', 'EHLO a || NOOP'],
  ['EHLO refused', '', 'EHLO refused.example || NOOP'],
  ['EHLO bad', '', 'EHLO || NOOP'],
  ['HELO', '', 'HELO a || NOOP'],
  ['EHLO again', EHLO, 'EHLO a || NOOP'],
  ['NOOP', EHLO, 'NOOP || NOOP'],
  ['NOOP before HELO', '', 'NOOP || NOOP'],
  ['RSET', EHLO, 'RSET || NOOP'],
  ['RSET, HELO', HELO, 'RSET || NOOP'],
  ['RSET with text', EHLO, 'RSET x || NOOP'],
  ['MAIL', EHLO, 'MAIL FROM:<s@s.example> || RCPT TO:<x@a.example>'],
  ['MAIL, HELO', HELO, 'MAIL FROM:<s@s.example> || RCPT TO:<x@a.example>'],
  ['MAIL, no HELO', '', 'MAIL FROM:<s@s.example> || RCPT TO:<x@a.example>'],
  ['MAIL refused', EHLO, 'MAIL FROM:<bad@s.example> || NOOP'],
  ['MAIL refused, HELO', HELO, 'MAIL FROM:<bad@s.example> || NOOP'],
  ['MAIL bad, HELO', HELO, 'MAIL FROM:<@> || NOOP'],
  ['MAIL twice, HELO', `${HELO}${MAIL}`, 'MAIL FROM:<s@s.example> || NOOP'],
  ['RCPT', `${EHLO}${MAIL}`, 'RCPT TO:<x@a.example> || RCPT TO:<y@a.example>'],
  ['RCPT, HELO', `${HELO}${MAIL}`, 'RCPT TO:<x@a.example> || RCPT TO:<y@a.example>'],
  ['RCPT refused, HELO', `${HELO}${MAIL}`, 'RCPT TO:<bad@a.example> || NOOP'],
  ['RCPT bad, HELO', `${HELO}${MAIL}`, 'RCPT TO:<@> || NOOP'],
  ['RCPT, no MAIL, HELO', HELO, 'RCPT TO:<x@a.example> || NOOP'],
  ['DATA', `${EHLO}${MAIL}${RCPT}`, 'DATA || .'],
  ['DATA, HELO', `${HELO}${MAIL}${RCPT}`, 'DATA || .'],
  ['DATA too early', `${EHLO}${MAIL}`, 'DATA || NOOP'],
  ['DATA too early, HELO', `${HELO}${MAIL}`, 'DATA || NOOP'],
  ['DATA with text', `${EHLO}${MAIL}${RCPT}`, 'DATA x || NOOP'],
  ['BDAT', `${EHLO}${MAIL}${RCPT}`, 'BDAT 0 LAST || NOOP'],
  ['BDAT too early', `${EHLO}`, 'BDAT 0 LAST || NOOP'],
  ['BDAT, HELO', `${HELO}${MAIL}${RCPT}`, 'BDAT 0 LAST || NOOP'],
  ['VRFY', EHLO, 'VRFY x@a.example || NOOP'],
  ['EXPN', EHLO, 'EXPN x@a.example || NOOP'],
  ['HELP', EHLO, 'HELP || NOOP'],
  ['ETRN', EHLO, 'ETRN x || NOOP'],
  ['AUTH', EHLO, 'AUTH PLAIN || NOOP'],
  ['STARTTLS', EHLO, 'STARTTLS || NOOP'],
  ['BOGUS', EHLO, 'BOGUS || NOOP'],
  ['BOGUS, HELO', HELO, 'BOGUS || NOOP'],
  ['an empty line', EHLO, ' || NOOP'],
  ['QUIT', EHLO, 'QUIT || NOOP'],
  ['TURN', EHLO, 'TURN || NOOP'],
  ['MAIL without address', HELO, 'MAIL || NOOP'],
  ['RCPT without address', `${HELO}${MAIL}`, 'RCPT || NOOP'],
  ['XCLIENT', EHLO, 'XCLIENT NAME=x || NOOP'],
];

const ACLS =
  'h:\n deny condition = ${if eq{$sender_helo_name}{refused.example}}\n accept\nm:\n deny senders = bad@s.example\n accept\nr:\n deny local_parts = bad\n accept\n';
const OPTIONS = `acl_smtp_helo = h
acl_smtp_mail = m
acl_smtp_rcpt = r
acl_smtp_vrfy = accept
acl_smtp_expn = accept
acl_smtp_etrn = accept
smtp_etrn_command = /bin/true
log_selector = +smtp_incomplete_transaction +smtp_protocol_error +smtp_syntax_error
`;

function commands(): NetworkCase[] {
  return COMMANDS.flatMap(([name, before, sent]) => [
    {
      name: `sync: ${name}`,
      options: `${OPTIONS}pipelining_connect_advertise_hosts =\n`,
      acls: ACLS,
      script: session(`${before}${sent}\n${QUIT}`),
    },
    {
      name: `sync, no PIPELINING: ${name}`,
      options: `${OPTIONS}pipelining_advertise_hosts =\npipelining_connect_advertise_hosts =\n`,
      acls: ACLS,
      script: session(`${before}${sent}\n${QUIT}`),
    },
    {
      name: `sync not enforced: ${name}`,
      options: `${OPTIONS}no_smtp_enforce_sync\npipelining_connect_advertise_hosts =\n`,
      acls: ACLS,
      script: session(`${before}${sent}\n${QUIT}`),
    },
    {
      name: `sync, PIPECONNECT: ${name}`,
      options: OPTIONS,
      acls: ACLS,
      script: session(`${before}${sent}\n${QUIT}`),
    },
  ]);
}

const NOTQUIT = 'acl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason';

function greeting(): NetworkCase[] {
  const early = '!open silent\n> EHLO early.example\n!read\n!read\nMAIL FROM:<s@s.example>\nRCPT TO:<x@a.example>\n!data\nQUIT\n';
  return variants('early', [
    ['acl_smtp_connect = accept delay = 300ms\npipelining_connect_advertise_hosts =', early],
    ['acl_smtp_connect = accept delay = 300ms', early],
    ['acl_smtp_connect = accept delay = 300ms\npipelining_connect_advertise_hosts = 127.0.0.3', early],
    ['acl_smtp_connect = accept delay = 300ms\nlog_selector = +pipelining', early],
    ['acl_smtp_connect = accept delay = 300ms\npipelining_connect_advertise_hosts =\nno_smtp_enforce_sync', early],
    ['acl_smtp_connect = accept delay = 300ms control = no_enforce_sync\npipelining_connect_advertise_hosts =', early],
    ['acl_smtp_connect = accept delay = 300ms control = enforce_sync\npipelining_connect_advertise_hosts =\nno_smtp_enforce_sync', early],
    [`acl_smtp_connect = accept delay = 300ms\npipelining_connect_advertise_hosts =\n${NOTQUIT}`, early],
    ['acl_smtp_connect = accept delay = 300ms\npipelining_connect_advertise_hosts =\nlog_selector = +smtp_no_mail', early],
    [
      'acl_smtp_connect = accept delay = 300ms\npipelining_connect_advertise_hosts =',
      '!open silent\n!raw GET / HTTP/1.0\\r\\nHost: \\xff\\0x\\r\\n\\r\\n\n!end\n',
    ],
    ['acl_smtp_connect = accept delay = 300ms\npipelining_connect_advertise_hosts =', '!open silent\n!raw \\{x*300}\n!end\n'],
    ['acl_smtp_connect = deny delay = 300ms\npipelining_connect_advertise_hosts =', early],
    ['log_selector = +pipelining', session(`${EHLO}MAIL FROM:<s@s.example> || RCPT TO:<x@a.example> || DATA\n> \n.\nQUIT\n`)],
    ['log_selector = +pipelining', session(`${EHLO}${MAIL}${RCPT}!data\n${MAIL}RCPT TO:<x@a.example> || DATA\n> \n.\nQUIT\n`)],
    ['log_selector = +pipelining', session(`${HELO}${MAIL}${RCPT}!data\nQUIT\n`)],
    ['log_selector = +pipelining\npipelining_advertise_hosts =', session(`${EHLO}${MAIL}${RCPT}!data\nQUIT\n`)],
    [
      'log_selector = +pipelining',
      session(`${EHLO}${MAIL}${RCPT}!data Subject: x\\r\\n\\r\\n.\\r\\nMAIL FROM:<t@t.example>\\r\\nRSET\\r\\n\nQUIT\n`),
    ],
    ['', session(`${EHLO}MAIL FROM:<s@s.example> || RCPT TO:<x@a.example> || DATA || NOOP\nQUIT\n`)],
  ]);
}

export function synchronizationCases(): NetworkCase[] {
  return [...commands(), ...greeting()];
}
