/** How many connections, messages, recipients and errors there may be, and how much load. Spec ch. 14 "smtp_accept_…", "smtp_max_…", "recipients_max". */
import type { NetworkCase } from '../case.ts';
import { DATA, EHLO, ENVELOPE, MAIL, MESSAGE, OPEN, QUIT, RCPT, session, variants } from '../pieces.ts';

const TWO_CONNECTIONS = `!open a\n@a EHLO a\n!open b\n@b EHLO b\n@b QUIT\n@a QUIT\n!idle\n!open c\nNOOP\nQUIT\n`;
const FROM_TWO_HOSTS = `!open a\n@a EHLO a\n!open b from=127.0.0.3\n@b EHLO b\n!pause 100\n!open c\nNOOP\n@a QUIT\n`;
const THREE_HELD = `!open a\n!open b\n!pause 100\n!open c\n@a QUIT\n@b QUIT\n@c QUIT\n`;

function connections(): NetworkCase[] {
  return [
    ...variants('connections', [
      ['', TWO_CONNECTIONS],
      ['smtp_accept_max = 1', TWO_CONNECTIONS],
      ['smtp_accept_max = 1\nlog_selector = +smtp_connection -connection_reject', TWO_CONNECTIONS],
      ['smtp_accept_max = 0', THREE_HELD],
      ['smtp_accept_max = 2', THREE_HELD],
      ['smtp_accept_max = 1\nhosts_connection_nolog = 127.0.0.2', TWO_CONNECTIONS],
      ['smtp_accept_max = 2\nsmtp_accept_reserve = 1', THREE_HELD],
      ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = 127.0.0.2', THREE_HELD],
      ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = 127.0.0.3', FROM_TWO_HOSTS],
      ['smtp_accept_max = 2\nsmtp_accept_reserve = 2\nsmtp_reserve_hosts = 127.0.0.3', FROM_TWO_HOSTS],
      ['smtp_accept_max = 3\nsmtp_accept_reserve = 2\nsmtp_reserve_hosts = ! 127.0.0.2', FROM_TWO_HOSTS],
      ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = *.hosts.example', THREE_HELD],
      ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nlog_selector = -connection_reject', THREE_HELD],
      ['smtp_accept_max_per_host = 1', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = 1', FROM_TWO_HOSTS],
      ['smtp_accept_max_per_host = 2', THREE_HELD],
      ['smtp_accept_max_per_host = 0', THREE_HELD],
      ['smtp_accept_max_per_host = ${if eq{$sender_host_address}{127.0.0.3}{2}{1}}', FROM_TWO_HOSTS],
      ['smtp_accept_max_per_host = ${if eq{$received_port}{PORT1}{1}{2}}', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = many', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = 1k', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = ${if eq{a}{b}{3}fail}', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = ${bogus}', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = -1', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host =', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = 1\nlog_selector = -connection_reject', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = 1\nsmtp_accept_max = 1', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = 1\nsmtp_accept_max = 2\nsmtp_accept_reserve = 1', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = 1\nhosts_connection_nolog = *', TWO_CONNECTIONS],
      ['smtp_accept_max_per_host = 1\nlog_selector = +incoming_port +incoming_interface', TWO_CONNECTIONS],
    ]),
  ];
}

const THREE_MESSAGES = session(`${MESSAGE}${MAIL}${RCPT}${DATA}${MAIL}${RCPT}${DATA}${QUIT}`);

function transactions(): NetworkCase[] {
  return variants('messages of a connection', [
    ['smtp_accept_max_per_connection = 1', THREE_MESSAGES],
    ['smtp_accept_max_per_connection = 2', THREE_MESSAGES],
    ['smtp_accept_max_per_connection = 0', THREE_MESSAGES],
    ['smtp_accept_max_per_connection = 2', session(`${EHLO}${MAIL}RSET\n${MAIL}RSET\n${MAIL}RSET\n${MAIL}${QUIT}`)],
    ['smtp_accept_max_per_connection = 2', session(`${EHLO}MAIL FROM:bad<\nMAIL\nMAIL FROM:<unqualified>\n${MAIL}${QUIT}`)],
    [
      'smtp_accept_max_per_connection = 1\nlog_selector = +smtp_incomplete_transaction +smtp_connection',
      session(`${EHLO}${MAIL}RSET\n${MAIL}${RCPT}${DATA}${QUIT}`),
    ],
    [
      'smtp_accept_max_per_connection = 1\nacl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason',
      session(`${EHLO}${MAIL}RSET\n${MAIL}NOOP\n`),
    ],
  ]);
}

const THREE_RECIPIENTS = 'RCPT TO:<1@a.example>\nRCPT TO:<2@a.example>\nRCPT TO:<3@a.example>\n';

function recipients(): NetworkCase[] {
  const three = session(`${EHLO}${MAIL}${THREE_RECIPIENTS}${DATA}${QUIT}`);
  return [
    ...variants('recipients', [
      ['recipients_max = 2', three],
      ['recipients_max = 2\nrecipients_max_reject', three],
      ['recipients_max = 0', three],
      [
        'recipients_max = 2\nrecipients_max_reject',
        session(`${EHLO}${MAIL}${THREE_RECIPIENTS}RCPT TO:<4@a.example>\nNOOP\n${DATA}${QUIT}`),
      ],
      ['recipients_max = 2\nrecipients_max_reject', session(`${EHLO}${MAIL}${THREE_RECIPIENTS}RSET\n${MAIL}${RCPT}${DATA}${QUIT}`)],
      [
        'recipients_max = 2\nrecipients_max_reject',
        session(`${EHLO}MAIL FROM:<s@s.example> || RCPT TO:<1@a.example> || RCPT TO:<2@a.example> || RCPT TO:<3@a.example> || DATA\n`),
      ],
      [
        'recipients_max = 2\nrecipients_max_reject\nlog_selector = +smtp_incomplete_transaction +smtp_connection +smtp_protocol_error',
        three,
      ],
      ['recipients_max = 1', session(`${EHLO}${MAIL}${RCPT}${RCPT}${DATA}${QUIT}`)],
      ['recipients_max = 2\nlog_selector = +received_recipients', three],
      ['recipients_max = ${if eq{$sender_host_address}{127.0.0.2}{2}{1}}', three],
    ]),
    {
      name: 'recipients: refused ones count not',
      options: 'recipients_max = 2\nacl_smtp_rcpt = r',
      acls: 'r:\n deny local_parts = 1 : 2\n accept\n',
      script: three,
    },
    {
      name: 'recipients: discarded ones',
      options: 'recipients_max = 2\nacl_smtp_rcpt = r',
      acls: 'r:\n discard local_parts = 1 : 2\n accept\n',
      script: three,
    },
    {
      name: 'recipients: the sender discarded',
      options: 'recipients_max = 2\nacl_smtp_mail = r',
      acls: 'r:\n discard\n',
      script: three,
    },
  ];
}

const NONSENSE = 'BOGUS\nBOGUS two\nBOGUS three\nBOGUS four\nBOGUS five\nQUIT\n';
const NOTQUIT = 'acl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason';

function errors(): NetworkCase[] {
  const syntax = 'MAIL FROM:<\nMAIL FROM:<a b>\nRCPT\nMAIL\nMAIL FROM:\nNOOP\nQUIT\n';
  const protocol = 'RCPT TO:<a@b.example>\nDATA\nBDAT 1\nRCPT TO:<a@b.example>\nDATA\nNOOP\nQUIT\n';
  return variants('errors', [
    ['', session(NONSENSE)],
    ['smtp_max_unknown_commands = 1', session(NONSENSE)],
    ['smtp_max_unknown_commands = 0', session(NONSENSE)],
    ['smtp_max_unknown_commands = 10', session(NONSENSE)],
    ['smtp_max_unknown_commands = 10\nsmtp_max_synprot_errors = 10', session(NONSENSE)],
    [`smtp_max_unknown_commands = 1\nsmtp_max_synprot_errors = 1\n${NOTQUIT}`, session(NONSENSE)],
    [`smtp_max_unknown_commands = 1\n${NOTQUIT}`, session(NONSENSE)],
    ['log_selector = +smtp_syntax_error +smtp_connection\nsmtp_max_unknown_commands = 1', session(NONSENSE)],
    ['log_selector = +smtp_syntax_error +smtp_protocol_error +smtp_incomplete_transaction', session(`${ENVELOPE}${NONSENSE}`)],
    ['log_selector = +all', session(NONSENSE)],
    ['', session(`${EHLO}${syntax}`)],
    ['smtp_max_synprot_errors = 0', session(`${EHLO}${syntax}`)],
    ['smtp_max_synprot_errors = 1', session(`${EHLO}${syntax}`)],
    ['smtp_max_synprot_errors = 10', session(`${EHLO}${syntax}`)],
    ['log_selector = +smtp_syntax_error\nsmtp_max_synprot_errors = 1', session(`${EHLO}${syntax}`)],
    ['log_selector = +smtp_syntax_error', session(`${EHLO}${syntax}`)],
    ['', session(`${EHLO}${protocol}`)],
    ['smtp_max_synprot_errors = 1', session(`${EHLO}${protocol}`)],
    ['smtp_max_synprot_errors = 10', session(`${EHLO}${protocol}`)],
    ['log_selector = +smtp_protocol_error', session(`${EHLO}${protocol}`)],
    ['log_selector = +smtp_protocol_error\nsmtp_max_synprot_errors = 10', session(`${protocol}`)],
    ['log_selector = +smtp_protocol_error +smtp_syntax_error', session('DATA x\nRSET x\nQUIT x\nNOOP x\nHELP x\nQUIT\n')],
    ['log_selector = +smtp_protocol_error +smtp_syntax_error', session('MAIL FROM:<a@b.example>\nEHLO\nHELO\nEHLO a b\nHELO x\nQUIT\n')],
    ['log_selector = +smtp_protocol_error +smtp_syntax_error', session(`${EHLO}${MAIL}${MAIL}MAIL FROM:<t@t.example>\n${RCPT}${QUIT}`)],
    [
      'log_selector = +smtp_protocol_error +smtp_syntax_error',
      session(`${EHLO}AUTH PLAIN\nSTARTTLS\nETRN x\nTURN\nSEND\nVRFY\nEXPN x\n${QUIT}`),
    ],
    [
      'log_selector = +smtp_syntax_error',
      session(`${EHLO}!raw NO\\0OP\\r\\n\n!read\n!raw \\xff\\xfe\\r\\n\n!read\n!raw \\r\\n\n!read\n${QUIT}`),
    ],
    ['log_selector = +smtp_syntax_error', session(`${EHLO}!raw NOOP \\{x*600}\\r\\n\n!read\n${QUIT}`)],
    ['log_selector = +smtp_syntax_error', session(`${EHLO}!raw BOGUS \\{x*20000}\\r\\n\n!read\nNOOP\n${QUIT}`)],
    ['', session('noop\nNoOp  \n  NOOP\nHELP\nhelp me\nrset\nquit\n')],
  ]);
}

function nonmail(): NetworkCase[] {
  const many = 'NOOP\nNOOP\nNOOP\nNOOP\n';
  return variants('nonmail commands', [
    ['smtp_accept_max_nonmail = 2', session(`${EHLO}${many}${QUIT}`)],
    ['smtp_accept_max_nonmail = 0', session(`${EHLO}${many}${QUIT}`)],
    ['smtp_accept_max_nonmail = 2\nsmtp_accept_max_nonmail_hosts = 127.0.0.3', session(`${EHLO}${many}${QUIT}`)],
    ['smtp_accept_max_nonmail = 2\nsmtp_accept_max_nonmail_hosts =', session(`${EHLO}${many}${QUIT}`)],
    [`smtp_accept_max_nonmail = 2\n${NOTQUIT}`, session(`${EHLO}${MAIL}${many}${QUIT}`)],
    ['smtp_accept_max_nonmail = 2\nlog_selector = +smtp_incomplete_transaction', session(`${ENVELOPE}${many}${QUIT}`)],
    ['smtp_accept_max_nonmail = 1', session(`${EHLO}RSET\n${MAIL}RSET\n${MAIL}RSET\nRSET\n${QUIT}`)],
    ['smtp_accept_max_nonmail = 1', session(`${EHLO}${EHLO}HELO x\n${EHLO}${QUIT}`)],
    ['smtp_accept_max_nonmail = 1', session(`${MESSAGE}${EHLO}RSET\n${MAIL}${RCPT}${DATA}${EHLO}RSET\nRSET\n${EHLO}${QUIT}`)],
    ['smtp_accept_max_nonmail = 1', session('VRFY a\nVRFY bbb ccc\nVRFY d\n')],
    ['smtp_accept_max_nonmail = 1', session('HELP\nHELP\nHELP\n')],
    ['smtp_accept_max_nonmail = 0', session(`${EHLO}AUTH PLAIN x\nAUTH PLAIN x\nAUTH PLAIN x\n${QUIT}`)],
    ['smtp_accept_max_nonmail = 0', session(`${EHLO}STARTTLS\nSTARTTLS\nSTARTTLS\n${QUIT}`)],
    ['smtp_accept_max_nonmail = 0', session(`${EHLO}BOGUS\nBOGUS\nNOOP\n${QUIT}`)],
  ]);
}

function rates(): NetworkCase[] {
  return variants('rates', [
    ['smtp_ratelimit_hosts = *\nsmtp_ratelimit_mail = 1,0.2s,2,0.3s', session(`${EHLO}${MAIL}RSET\n${MAIL}RSET\n${MAIL}RSET\n${QUIT}`)],
    ['smtp_ratelimit_hosts = *\nsmtp_ratelimit_rcpt = 1,0.1s,2,0.3s', session(`${EHLO}${MAIL}${RCPT}${RCPT}${RCPT}${QUIT}`)],
    ['smtp_ratelimit_hosts = ! 127.0.0.2\nsmtp_ratelimit_rcpt = 1,50s,2,300s', session(`${EHLO}${MAIL}${RCPT}${RCPT}${RCPT}${QUIT}`)],
    ['smtp_ratelimit_hosts = *\nsmtp_ratelimit_mail = nonsense', session(`${EHLO}${MAIL}${QUIT}`)],
    ['smtp_ratelimit_hosts = *\nsmtp_ratelimit_rcpt = 1', session(`${EHLO}${MAIL}${QUIT}`)],
    ['smtp_ratelimit_hosts = *\nsmtp_ratelimit_rcpt = 1,0.1s', session(`${EHLO}${MAIL}${RCPT}${QUIT}`)],
  ]);
}

function load(): NetworkCase[] {
  const one = session(`${MESSAGE}${QUIT}`);
  return variants('load', [
    ['smtp_load_reserve = 0', one],
    ['smtp_load_reserve = 0\nlog_selector = -connection_reject', one],
    ['smtp_load_reserve = 0\nsmtp_reserve_hosts = 127.0.0.2', one],
    ['smtp_load_reserve = 0\nsmtp_reserve_hosts = 127.0.0.3', one],
    ['smtp_load_reserve = 0\nhosts_connection_nolog = *', one],
    ['smtp_load_reserve = 0\nlog_selector = -smtp_connection', one],
    ['smtp_load_reserve = 1000', one],
    ['smtp_load_reserve = 0\nsmtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = 127.0.0.2', THREE_HELD],
    ['queue_only_load = 0\nno_queue_only', one],
    ['queue_only_load = 1000\nno_queue_only', one],
    ['queue_only_load = 0\nno_queue_only\nno_queue_only_load_latch', THREE_MESSAGES],
    ['queue_only_load = 0\nno_queue_only\nqueue_only_load_latch', THREE_MESSAGES],
    ['queue_only_load = 0\nno_queue_only\nlog_selector = -delay_delivery', one],
    ['deliver_queue_load_max = 0\nno_queue_only', one],
    ['smtp_load_reserve = 0', `${OPEN}!end\n`],
  ]);
}

function queueing(): NetworkCase[] {
  const held = `!open a\n@a EHLO a\n!open b\n@b EHLO b\n@b MAIL FROM:<s@s.example>\n@b RCPT TO:<x@a.example>\n@b DATA\n@b > Subject: x\n@b > \n@b .\n@b QUIT\n@a QUIT\n`;
  return variants('queueing', [
    ['no_queue_only', session(`${MESSAGE}${QUIT}`)],
    ['queue_only', session(`${MESSAGE}${QUIT}`)],
    ['no_queue_only\nsmtp_accept_queue = 1', held],
    ['no_queue_only\nsmtp_accept_queue = 2', held],
    ['no_queue_only\nsmtp_accept_queue = 1\nsmtp_accept_max = 0', held],
    ['no_queue_only\nsmtp_accept_queue = 1\nlog_selector = -delay_delivery', held],
    ['no_queue_only\nsmtp_accept_queue_per_connection = 1', THREE_MESSAGES],
    ['no_queue_only\nsmtp_accept_queue_per_connection = 2', THREE_MESSAGES],
    ['no_queue_only\nsmtp_accept_queue_per_connection = 0', THREE_MESSAGES],
    ['no_queue_only\nsmtp_accept_queue_per_connection = 1\nlog_selector = -delay_delivery', THREE_MESSAGES],
    ['no_queue_only\nqueue_only_file = DIR/files/flag', session(`${MESSAGE}${QUIT}`)],
    ['no_queue_only\nqueue_only_file = DIR/files/missing', session(`${MESSAGE}${QUIT}`)],
    ['no_queue_only\nqueue_only_file = smtp DIR/files/flag', session(`${EHLO}${MAIL}RCPT TO:<x@remote.example>\n${DATA}${QUIT}`)],
    ['no_queue_only\nqueue_only_file = smtpDIR/files/flag', session(`${EHLO}${MAIL}RCPT TO:<x@remote.example>\n${RCPT}${DATA}${QUIT}`)],
    [
      'no_queue_only\nqueue_only_file = DIR/files/missing : smtpDIR/files/flag',
      session(`${EHLO}${MAIL}RCPT TO:<x@remote.example>\n${RCPT}${DATA}${QUIT}`),
    ],
    ['no_queue_only\nqueue_smtp_domains = remote.example', session(`${EHLO}${MAIL}RCPT TO:<x@remote.example>\n${RCPT}${DATA}${QUIT}`)],
    ['no_queue_only\nqueue_smtp_domains = *', session(`${EHLO}${MAIL}RCPT TO:<x@remote.example>\n${RCPT}${DATA}${QUIT}`)],
    ['no_queue_only\nqueue_domains = a.example', session(`${EHLO}${MAIL}RCPT TO:<x@b.example>\n${RCPT}${DATA}${QUIT}`)],
    ['no_queue_only\nhold_domains = a.example', session(`${EHLO}${MAIL}RCPT TO:<x@b.example>\n${RCPT}${DATA}${QUIT}`)],
  ]).map((each) => ({ ...each, files: { flag: '' } }));
}

function space(): NetworkCase[] {
  const huge = '100000000M';
  const body = session(`${MESSAGE}${QUIT}`);
  return variants('space', [
    [`check_spool_space = ${huge}`, body],
    [`check_spool_space = ${huge}\nlog_selector = -size_reject`, body],
    ['check_spool_inodes = 1000000000', body],
    [`check_log_space = ${huge}`, body],
    ['check_log_inodes = 1000000000', body],
    [`check_spool_space = ${huge}\nno_smtp_check_spool_space`, body],
    ['check_spool_space = 1M', session(`${EHLO}MAIL FROM:<s@s.example> SIZE=1000\n${RCPT}${DATA}${QUIT}`)],
    [
      'check_spool_space = 1M\nmessage_size_limit = 0',
      session(`${EHLO}MAIL FROM:<s@s.example> SIZE=999999999999\nMAIL FROM:<s@s.example>\n${QUIT}`),
    ],
    ['message_size_limit = 0', session(`${EHLO}MAIL FROM:<s@s.example> SIZE=999999999999\nMAIL FROM:<s@s.example>\n${QUIT}`)],
    [`check_spool_space = ${huge}\nacl_smtp_mail = deny`, body],
    [
      `check_spool_space = ${huge}`,
      session(`${EHLO}MAIL FROM:<s@s.example> SIZE=1000\nMAIL FROM:<s@s.example> BODY=7BIT\nRCPT TO:<x@a.example>\n${DATA}${QUIT}`),
    ],
  ]);
}

export function limitCases(): NetworkCase[] {
  return [
    ...connections(),
    ...transactions(),
    ...recipients(),
    ...errors(),
    ...nonmail(),
    ...rates(),
    ...load(),
    ...queueing(),
    ...space(),
  ];
}

/** Which of several reasons to refuse a connection comes first, and what is known of the host by then. */
export function orderCases(): NetworkCase[] {
  const alone = '!open\nNOOP\n';
  const second = '!open a from=127.0.0.3\n!open b\n!pause 100\n@b NOOP\n@a QUIT\n';
  const reserve = 'smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = 127.0.0.3';
  const highLoad = 'smtp_load_reserve = 0\nsmtp_reserve_hosts = 127.0.0.3';
  const notquit = 'acl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason';
  return variants('order', [
    [`${reserve}\nhost_lookup = *`, second],
    [`${reserve}\nhost_reject_connection = 127.0.0.2`, second],
    [`${reserve}\nhost_reject_connection = 127.0.0.2\nhost_lookup = *`, second],
    [`${reserve}\nacl_smtp_connect = \${if eq{$sender_host_address}{127.0.0.2}{deny}{accept}}`, second],
    [`${reserve}\nhosts_proxy = 127.0.0.2`, second],
    [`${reserve}\n${notquit}`, second],
    [`${reserve}\nlog_selector = +smtp_no_mail +smtp_connection`, second],
    [`${reserve}\nlog_selector = +smtp_connection -connection_reject`, second],
    [`${reserve}\nlog_selector = -smtp_connection`, second],
    [`${reserve}\nhosts_connection_nolog = *`, second],
    [`${reserve}\nsmtp_active_hostname = active.example`, second],
    [`${reserve}\nsmtp_load_reserve = 0`, second],
    ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_load_reserve = 0', second],
    [`${highLoad}\nhost_lookup = *`, second],
    [`${highLoad}\nhost_reject_connection = 127.0.0.2`, second],
    [`${highLoad}\nhosts_proxy = 127.0.0.2`, second],
    [`${highLoad}\nacl_smtp_connect = \${if eq{$sender_host_address}{127.0.0.2}{deny}{accept}}`, second],
    [`${highLoad}\n${notquit}`, second],
    [`${highLoad}\nlog_selector = +smtp_connection -connection_reject`, second],
    [`${highLoad}\nlog_selector = +smtp_no_mail`, second],
    ['smtp_load_reserve = 0\nsmtp_reserve_hosts =', second],
    ['host_reject_connection = 127.0.0.2\nacl_smtp_connect = deny', second],
    ['smtp_active_hostname = ${bogus}\nhost_reject_connection = 127.0.0.2', alone],
    ['smtp_active_hostname = ${bogus}\nsmtp_load_reserve = 0', alone],
    ['smtp_active_hostname = ${bogus}\nhost_lookup = *', alone],
    [`smtp_active_hostname = ${'${bogus}'}\n${notquit}`, alone],
    ['smtp_active_hostname = ${bogus}\nhosts_proxy = *', alone],
    ['smtp_active_hostname = ${if eq{a}{b}{c}fail}', alone],
    ['smtp_active_hostname = ', alone],
    ['smtp_active_hostname = host-$received_port-$sender_host_address', alone],
    ['smtp_active_hostname = $sender_host_name', alone],
    ['smtp_receive_timeout = ${bogus}\nhost_reject_connection = 127.0.0.2', alone],
    ['message_size_limit = ${bogus}\nhost_reject_connection = 127.0.0.2', alone],
    ['message_size_limit = ${bogus}\nacl_smtp_connect = deny', alone],
    ['message_size_limit = ${bogus}\nhosts_proxy = *', alone],
    ['message_size_limit = ${bogus}\nsmtp_active_hostname = ${bogus}', alone],
    ['host_reject_connection = 127.0.0.2\nhosts_proxy = 127.0.0.2', second],
    ['smtp_accept_max = 1\nhost_lookup = *\nsmtp_accept_max_per_host = 1', second],
    ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = nonexistent.example : 127.0.0.3', second],
    ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = net-lsearch;/nonexistent', second],
    ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = ${bogus}', second],
    ['smtp_accept_max = 2\nsmtp_accept_reserve = 1\nsmtp_reserve_hosts = ${if eq{a}{b}{127.0.0.3}fail}', second],
  ]);
}
