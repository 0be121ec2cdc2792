/** Messages as they come: sizes, header lines, chunks, what breaks off. Spec ch. 14 "message_size_limit", "header_…", "received_headers_max"; RFC 3030. */
import type { NetworkCase } from '../case.ts';
import { DATA, EHLO, ENVELOPE, MAIL, MESSAGE, QUIT, RCPT, session, variants } from '../pieces.ts';

const big = (octets: number) => `!data Subject: x\\r\\n\\r\\n\\{0123456789abcd\\r\\n*${Math.ceil(octets / 16)}}\n`;
const bdat = (text: string, octets: number, last = true) => `!raw BDAT ${octets}${last ? ' LAST' : ''}\\r\\n${text}\n!read\n`;
const HEADER = 'Subject: x\\r\\n\\r\\n'; // 14 octets
const NOTQUIT = 'acl_smtp_notquit = accept logwrite = :main:notquit $smtp_notquit_reason';

function sizes(): NetworkCase[] {
  const data = session(`${ENVELOPE}${big(1600)}${MAIL}${RCPT}${DATA}${QUIT}`);
  const body = (lines: number) => `\\{0123456789abcd\\r\\n*${lines}}`;
  return variants('size', [
    ['message_size_limit = 1000', data],
    ['message_size_limit = 1000\nlog_selector = -size_reject', data],
    ['message_size_limit = 1K', data],
    ['message_size_limit = 2K', data],
    ['message_size_limit = 0', data],
    ['message_size_limit = ${if eq{$sender_host_address}{127.0.0.2}{1000}{0}}', data],
    ['message_size_limit = ${if eq{a}{b}{1000}fail}', data],
    ['message_size_limit = -5', data],
    ['message_size_limit = lots', data],
    ['message_size_limit = 1000\nlog_selector = +received_recipients +received_sender +size_reject', data],
    ['message_size_limit = 1000', session(`${ENVELOPE}!data X: \\{0123456789*200}\\r\\n\\r\\n\n${MAIL}${RCPT}${DATA}${QUIT}`)],
    ['message_size_limit = 1000', session(`${ENVELOPE}!data ${'X: 0123456789\\r\\n'.repeat(80)}\\r\\nbody\\r\\n\n${QUIT}`)],
    ['message_size_limit = 1000', session(`${ENVELOPE}${bdat(`${HEADER}${body(100)}`, 1614)}NOOP\n${MAIL}${RCPT}${DATA}${QUIT}`)],
    [
      'message_size_limit = 1000',
      session(`${ENVELOPE}${bdat(`${HEADER}${body(40)}`, 654, false)}${bdat(body(40), 640)}NOOP\n${MAIL}${QUIT}`),
    ],
    [
      'message_size_limit = 1000',
      session(
        `${ENVELOPE}${bdat(`${HEADER}${body(40)}`, 654, false)}${bdat(body(40), 640, false)}${bdat(body(40), 640, false)}${bdat('', 0)}NOOP\n${MAIL}${QUIT}`,
      ),
    ],
    [
      'message_size_limit = 1000',
      session(`${ENVELOPE}${bdat(`${HEADER}${body(100)}`, 1614, false)}${bdat('', 0)}RSET\n${MAIL}${RCPT}${DATA}${QUIT}`),
    ],
    ['message_size_limit = 1000', session(`${ENVELOPE}${bdat(`X: \\{0123456789*200}\\r\\n\\r\\n`, 2007)}NOOP\n${QUIT}`)],
    ['message_size_limit = 1000\nlog_selector = -size_reject', session(`${ENVELOPE}${bdat(`${HEADER}${body(100)}`, 1614)}NOOP\n${QUIT}`)],
    ['message_size_limit = 1000', session(`${ENVELOPE}!raw BDAT 1614 LAST\\r\\n${HEADER}${body(100)}QUIT\\r\\n\n!end\n`)],
    [
      'message_size_limit = 1000',
      session(`${ENVELOPE}!raw BDAT 1614\\r\\n${HEADER}${body(100)}BDAT 0 LAST\\r\\nNOOP\\r\\n\n!read\n!read\n!read\n${QUIT}`),
    ],
    [`message_size_limit = 1000\n${NOTQUIT}`, session(`${ENVELOPE}${bdat(`${HEADER}${body(100)}`, 1614, false)}!half\n!end\n`)],
    [
      'message_size_limit = 100\nacl_smtp_data = accept logwrite = :main:size=$message_size',
      session(`${ENVELOPE}!data ${HEADER}${body(5)}\n${MAIL}${RCPT}!data ${HEADER}${body(4)}\n${QUIT}`),
    ],
    [
      'message_size_limit = 1000\nacl_smtp_rcpt = accept logwrite = :main:size=$message_size',
      session(`${EHLO}MAIL FROM:<s@s.example> SIZE=900\n${RCPT}${DATA}${QUIT}`),
    ],
    ['message_size_limit = 1000', session(`${EHLO}MAIL FROM:<s@s.example> SIZE=1000\n${RCPT}${big(1600)}${QUIT}`)],
    ['message_size_limit = 1000\nlog_selector = -size_reject', session(`${EHLO}MAIL FROM:<s@s.example> SIZE=1001\n${QUIT}`)],
    [
      'message_size_limit = 1000',
      session(
        `${EHLO}MAIL FROM:<s@s.example> SIZE=99999999999999999999\nMAIL FROM:<s@s.example> SIZE=2147483647\nMAIL FROM:<s@s.example> SIZE=-1\n${QUIT}`,
      ),
    ],
    ['message_size_limit = 1000', session(`HELO x\nMAIL FROM:<s@s.example> SIZE=1001\n${QUIT}`)],
  ]);
}

function headers(): NetworkCase[] {
  const long = session(
    `${ENVELOPE}!data X-Long: \\{0123456789*100}\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n\nNOOP\n${MAIL}${RCPT}${DATA}${QUIT}`,
  );
  const folded = session(`${ENVELOPE}!data X-Long: a\\r\\n\\{ 0123456789\\r\\n*100}Subject: x\\r\\n\\r\\nbody\\r\\n\n${QUIT}`);
  const received = (count: number) =>
    session(`${ENVELOPE}!data \\{Received: from x by y\\; z\\r\\n*${count}}Subject: x\\r\\n\\r\\nbody\\r\\n\n${MAIL}${RCPT}${DATA}${QUIT}`);
  const chunk = (text: string, octets: number) => session(`${ENVELOPE}${bdat(text, octets)}NOOP\n${MAIL}${QUIT}`);
  return variants('header', [
    ['header_maxsize = 500', long],
    ['header_maxsize = 500', folded],
    ['header_line_maxsize = 500', long],
    ['header_line_maxsize = 500', folded],
    ['header_maxsize = 500', chunk('X-Long: \\{0123456789*100}\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n', 1030)],
    ['header_line_maxsize = 500', chunk('X-Long: \\{0123456789*100}\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n', 1030)],
    [`header_maxsize = 500\n${NOTQUIT}`, long],
    ['header_maxsize = 500\nlog_selector = +smtp_connection +incoming_port +incoming_interface +smtp_incomplete_transaction', long],
    ['header_maxsize = 500\nlog_selector =', long],
    ['received_headers_max = 3', received(2)],
    ['received_headers_max = 3', received(3)],
    ['received_headers_max = 3', received(4)],
    ['received_headers_max = 0', received(0)],
    ['received_headers_max = 3', chunk('Received: a\\r\\n\\r\\n', 15)],
    ['', session(`${ENVELOPE}!data no header\\r\\n\n${MAIL}${RCPT}!data \\r\\nbody\\r\\n\n${MAIL}${RCPT}!data \n${QUIT}`)],
    ['', session(`${ENVELOPE}!data From x Mon Nov 1 00:00:00 2021\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n\n${QUIT}`)],
    [
      'ignore_fromline_hosts = *',
      session(`${ENVELOPE}!data From x Mon Nov 1 00:00:00 2021\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n\n${QUIT}`),
    ],
    [
      'ignore_fromline_hosts = 127.0.0.3',
      session(`${ENVELOPE}!data From x Mon Nov 1 00:00:00 2021\\r\\nSubject: x\\r\\n\\r\\nbody\\r\\n\n${QUIT}`),
    ],
    ['', session(`${ENVELOPE}!data Subject: x\\nTo: y\\n\\nbare\\nlines\\r\\n\n${QUIT}`)],
    ['', session(`${ENVELOPE}!data Subject: x\\r\\n\\r\\na\\rb\\r\\n..dot\\r\\n...\\r\\n\n${QUIT}`)],
    ['', session(`${ENVELOPE}!data Subject: \\0x\\r\\n\\r\\n\\0\\xff\\r\\n\n${QUIT}`)],
    [
      'acl_smtp_data = deny message = lines $body_linecount $message_linecount $max_received_linelength zeros $body_zerocount',
      session(`${ENVELOPE}!data Subject: x\\r\\n\\r\\n\\0\\r\\n\\{0123456789*120}\\r\\n\n${QUIT}`),
    ],
    [
      'acl_smtp_data = require condition = ${if <{$max_received_linelength}{998}}',
      session(`${ENVELOPE}!data Subject: x\\r\\n\\r\\n\\{0123456789*120}\\r\\n\n${QUIT}`),
    ],
    [
      'log_selector = +received_recipients +received_sender +8bitmime +smtp_mailauth +subject +receive_time',
      session(`${EHLO}MAIL FROM:<s@s.example> BODY=8BITMIME\n${RCPT}!data Subject: a =?utf-8?q?b=C3=A9?= "c"\\r\\n\\r\\n\n${QUIT}`),
    ],
    ['no_accept_8bitmime', session(`${EHLO}MAIL FROM:<s@s.example> BODY=8BITMIME\n${RCPT}${DATA}${QUIT}`)],
    ['received_header_text = Received: $tod_full\nlog_selector =', session(`${MESSAGE}${QUIT}`)],
    ['received_header_text =', session(`${MESSAGE}${QUIT}`)],
    ['received_header_text = ${if eq{a}{b}{x}fail}', session(`${MESSAGE}${QUIT}`)],
    ['received_header_text = ${bogus}', session(`${MESSAGE}${QUIT}`)],
    ['received_header_text = nonsense', session(`${MESSAGE}${QUIT}`)],
  ]);
}

const PART = 'Subject: x\\r\\n\\r\\nbody\\r\\n';

/** The connection ends, or the client is silent. */
function broken(): NetworkCase[] {
  const ends = ['!half\n!end\n', '!close\n', '!end\n'];
  const places: readonly (readonly [name: string, script: string])[] = [
    ['greeting', ''],
    ['EHLO', EHLO],
    ['MAIL', `${EHLO}${MAIL}`],
    ['RCPT', ENVELOPE],
    ['half a command', `${EHLO}!raw MAIL FR\n`],
    ['DATA', `${ENVELOPE}DATA\n`],
    ['header', `${ENVELOPE}DATA\n!raw Subject: x\\r\\n\n`],
    ['half a header line', `${ENVELOPE}DATA\n!raw Subj\n`],
    ['end of the header', `${ENVELOPE}DATA\n!raw Subject: x\\r\\n\\r\\n\n`],
    ['body', `${ENVELOPE}DATA\n!raw ${PART}\n`],
    ['dot', `${ENVELOPE}DATA\n!raw ${PART}.\n`],
    ['message', MESSAGE],
    ['BDAT', `${ENVELOPE}!raw BDAT 100 LAST\\r\\n\n`],
    ['BDAT in the header', `${ENVELOPE}!raw BDAT 100 LAST\\r\\nSubject: x\\r\\n\n`],
    ['BDAT in the body', `${ENVELOPE}!raw BDAT 100 LAST\\r\\n${PART}\n`],
    ['between chunks', `${ENVELOPE}!raw BDAT 20\\r\\n${PART}\n!read\n`],
    ['between chunks, in the header', `${ENVELOPE}!raw BDAT 12\\r\\nSubject: x\\r\\n\n!read\n`],
    ['refused MAIL', `${EHLO}MAIL FROM:<@>\n`],
    ['refused RCPT', `${EHLO}${MAIL}RCPT TO:<@>\n`],
    ['RSET', `${ENVELOPE}RSET\n`],
  ];
  return places.flatMap(([name, script]) =>
    ends.flatMap((end) => {
      const how = end.startsWith('!half') ? 'half close' : end === '!end\n' ? 'silence' : 'close';
      const options = `smtp_receive_timeout = 1s\n${NOTQUIT}\nlog_selector = +smtp_connection +smtp_incomplete_transaction +smtp_no_mail +lost_incoming_connection`;
      return {
        name: `broken, ${how}: ${name}`,
        options,
        script: session(`${script}${end}`),
      };
    }),
  );
}

function timeouts(): NetworkCase[] {
  return variants('time', [
    ['smtp_receive_timeout = 1s\nlog_selector = -lost_incoming_connection', session(`${EHLO}!end\n`)],
    ['smtp_receive_timeout = ${if eq{$sender_host_address}{127.0.0.2}{1s}{5m}}', session(`${EHLO}!end\n`)],
    ['smtp_receive_timeout = 1s\nsmtp_active_hostname = other.example', session(`${EHLO}!end\n`)],
    ['smtp_receive_timeout = 1s', session(`${EHLO}${MAIL}${RCPT}DATA\n!end\n`)],
    ['smtp_receive_timeout = 1s\nlog_selector = +smtp_connection +incoming_port', session('!end\n')],
  ]);
}

export function messageCases(): NetworkCase[] {
  return [...sizes(), ...headers(), ...broken(), ...timeouts()];
}
