/** Commands in right and wrong order, and what refusals leave behind. Spec ch. 49 "SMTP processing"; RFC 5321 s4.1.4. */
import type { NetworkCase } from '../case.ts';
import { DATA, EHLO, MAIL, QUIT, RCPT, session } from '../pieces.ts';

const REFUSING =
  'r:\n deny local_parts = bad : worse\n      message = no $local_part\n defer local_parts = later\n drop local_parts = out\n accept\n';
const BAD = 'RCPT TO:<bad@a.example>\n';
const WORSE = 'RCPT TO:<worse@a.example>\n';
const LATER = 'RCPT TO:<later@a.example>\n';
const D = 'DATA\n';
const B = '!raw BDAT 3 LAST\\r\\nab\\n\n!read\n';

/** Each is said behind EHLO, with an ACL that refuses some recipients, and twenty errors allowed. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'DATA twice behind a refused RCPT': `${MAIL}${BAD}${D}${D}${D}`,
  'DATA behind two refused RCPT': `${MAIL}${BAD}${WORSE}${D}${D}`,
  'DATA behind the same refusal twice': `${MAIL}${BAD}${BAD}${D}${D}`,
  'DATA, RCPT refused, DATA': `${MAIL}${D}${BAD}${D}${BAD}${D}${WORSE}${D}`,
  'RCPT refused, DATA, RCPT refused otherwise, DATA': `${MAIL}${BAD}${D}${WORSE}${D}${D}`,
  'RCPT refused, NOOP, DATA': `${MAIL}${BAD}NOOP\n${D}${D}`,
  'RCPT refused, RSET, DATA': `${MAIL}${BAD}RSET\n${D}${MAIL}${D}`,
  'RCPT refused, EHLO, DATA': `${MAIL}${BAD}${EHLO}${D}${MAIL}${D}`,
  'RCPT refused, EHLO bad, DATA': `${MAIL}${BAD}EHLO\n${D}${D}`,
  'RCPT refused, taken, DATA': `${MAIL}${BAD}${RCPT}${DATA}${MAIL}${D}`,
  'RCPT refused, message of another sender': `${MAIL}${BAD}${RCPT}${DATA}${D}${MAIL}${BAD}${D}${D}`,
  'RCPT deferred': `${MAIL}${LATER}${D}${D}${BAD}${D}`,
  'RCPT without sender': `${RCPT}${D}${D}`,
  'RCPT without sender, twice': `${RCPT}${RCPT}${D}${D}${RCPT}${D}`,
  'RCPT without sender, MAIL, DATA': `${RCPT}${MAIL}${D}${D}`,
  'RCPT without sender, RSET, DATA': `${RCPT}RSET\n${D}${D}`,
  'RCPT without sender, EHLO, DATA': `${RCPT}${EHLO}${D}`,
  'RCPT without sender, NOOP, DATA': `${RCPT}NOOP\n${D}${D}`,
  'RCPT without sender, DATA, RCPT, DATA': `${RCPT}${D}${RCPT}${D}${RCPT}${D}`,
  'RCPT without sender, NOOP, RCPT, DATA': `${RCPT}NOOP\n${RCPT}${D}`,
  'RCPT without sender, BOGUS, RCPT, DATA': `${RCPT}BOGUS\n${RCPT}${D}`,
  'RCPT three times without sender, DATA': `${RCPT}${RCPT}${RCPT}${D}${D}`,
  'MAIL refused, RCPT, DATA, RCPT, DATA': `MAIL FROM:<bad@s.example>\n${RCPT}${D}${RCPT}${D}${D}`,
  'MAIL refused, RCPT, NOOP, RCPT, DATA': `MAIL FROM:<bad@s.example>\n${RCPT}NOOP\n${RCPT}${D}${D}`,
  'MAIL refused, RCPT, RCPT, MAIL refused, RCPT, DATA': `MAIL FROM:<bad@s.example>\n${RCPT}${RCPT}MAIL FROM:<bad@s.example>\n${RCPT}${D}${D}`,
  'RCPT without address, DATA, again': `${MAIL}RCPT\n${D}RCPT\n${D}`,
  'RCPT without domain, DATA, again': `${MAIL}RCPT TO:<x>\n${D}RCPT TO:<x>\n${D}`,
  'RCPT with syntax error, DATA, again': `${MAIL}RCPT TO:<@>\n${D}RCPT TO:<@>\n${D}`,
  'RCPT deferred, DATA, again': `${MAIL}${LATER}${D}${LATER}${D}`,
  'MAIL deferred, pipelined, DATA, DATA': `MAIL FROM:<later@s.example> || RCPT TO:<x@a.example> || DATA || DATA\n`,
  'RCPT with syntax error': `${MAIL}RCPT TO:<@>\n${D}${D}RCPT\n${D}RCPT TO:<x>\n${D}`,
  'RCPT without domain': `${MAIL}RCPT TO:<x>\n${D}${D}`,
  'pipelined, MAIL refused': `MAIL FROM:<bad@s.example> || RCPT TO:<x@a.example> || DATA\n${D}${RCPT}${D}`,
  'pipelined, MAIL with syntax error': `MAIL FROM:<a b> || RCPT TO:<x@a.example> || DATA\n${D}`,
  'pipelined, MAIL deferred': `MAIL FROM:<later@s.example> || RCPT TO:<x@a.example> || RCPT TO:<y@a.example> || DATA\n${D}`,
  'pipelined, RCPT refused': `MAIL FROM:<s@s.example> || RCPT TO:<bad@a.example> || RCPT TO:<worse@a.example> || DATA\n${D}`,
  'pipelined, RCPT refused alike': `MAIL FROM:<s@s.example> || RCPT TO:<bad@a.example> || RCPT TO:<bad@a.example> || DATA\n${D}`,
  'pipelined without MAIL': `RCPT TO:<x@a.example> || RCPT TO:<y@a.example> || DATA\n${D}`,
  'MAIL refused, RCPT, DATA': `MAIL FROM:<bad@s.example>\n${RCPT}${D}${D}`,
  'MAIL deferred, RCPT, DATA': `MAIL FROM:<later@s.example>\n${RCPT}${D}${D}`,
  'MAIL deferred, RCPT, RCPT, DATA': `MAIL FROM:<later@s.example>\n${RCPT}${RCPT}${D}${D}`,
  'MAIL deferred, DATA': `MAIL FROM:<later@s.example>\n${D}${D}`,
  'MAIL dropped': `MAIL FROM:<out@s.example>\n${RCPT}`,
  'RCPT dropped': `${MAIL}RCPT TO:<out@s.example>\n${RCPT}`,
  'BDAT behind a refused RCPT': `${MAIL}${BAD}${B}${B}${D}`,
  'BDAT without RCPT': `${MAIL}${B}${B}`,
  'BDAT without MAIL': `${B}${D}`,
  'BDAT, RCPT without sender': `${RCPT}${B}${B}`,
  'MAIL twice': `${MAIL}${MAIL}${RCPT}${MAIL}${DATA}`,
  'MAIL refused, then taken': `MAIL FROM:<bad@s.example>\n${MAIL}${RCPT}${DATA}`,
  'RSET everywhere': `RSET\n${MAIL}RSET\n${MAIL}${RCPT}RSET\n${D}${MAIL}${RCPT}${DATA}RSET\n`,
  'DATA with nothing': `${D}${MAIL}${D}`,
  'HELO in the middle': `${MAIL}${RCPT}HELO again\n${D}${MAIL}${RCPT}${DATA}`,
  'refused EHLO in the middle': `${MAIL}${RCPT}EHLO refused.example\n${DATA}`,
};

export function sequenceCases(): NetworkCase[] {
  const options = `acl_smtp_rcpt = r
acl_smtp_mail = m
acl_smtp_helo = h
smtp_max_synprot_errors = 20
log_selector = +smtp_protocol_error +smtp_syntax_error +smtp_incomplete_transaction`;
  const acls = `${REFUSING}m:\n deny senders = bad@s.example\n defer senders = later@s.example\n drop senders = out@s.example\n accept\nh:\n deny condition = \${if eq{$sender_helo_name}{refused.example}}\n accept\n`;
  const all = Object.entries(SCRIPTS).map(([name, script]) => ({
    name: `sequence: ${name}`,
    options,
    acls,
    script: session(`${EHLO}${script}${QUIT}`),
  }));
  const helos = ['HELO client.example\n', ''].flatMap((helo) =>
    ['pipelined, MAIL refused', 'MAIL refused, RCPT, DATA', 'RCPT without sender', 'DATA with nothing', 'MAIL twice'].map((name) => ({
      name: `sequence, ${helo === '' ? 'no HELO' : 'HELO'}: ${name}`,
      options,
      acls,
      script: session(`${helo}${SCRIPTS[name] ?? ''}${QUIT}`),
    })),
  );
  return [
    ...all,
    ...helos,
    ...['MAIL FROM:<s@s.example>', 'VRFY x', 'NOOP', 'HELP', 'RSET', 'ETRN x', 'EXPN x', 'AUTH PLAIN', 'STARTTLS', 'DATA', 'BDAT 1'].map(
      (command) => ({
        name: `sequence, helo required: ${command}`,
        options: 'hosts_require_helo = *\nlog_selector = +smtp_protocol_error',
        script: session(`${command}\nHELO x\n${QUIT}`),
      }),
    ),
    {
      name: 'recipients: syntax errors and the limit',
      options: 'recipients_max = 2\nsmtp_max_synprot_errors = 10',
      script: session(`${EHLO}${RCPT}${MAIL}RCPT TO:<@>\nRCPT\nRCPT TO:<x>\n${RCPT}${RCPT}${DATA}${QUIT}`),
    },
    {
      name: 'recipients: RCPT before MAIL and the limit',
      options: 'recipients_max = 2\nsmtp_max_synprot_errors = 10',
      script: session(`${EHLO}${RCPT}${RCPT}${MAIL}${RCPT}${RCPT}${RCPT}${DATA}${QUIT}`),
    },
    {
      name: 'recipients: the limit, rejecting, more',
      options: 'recipients_max = 1\nrecipients_max_reject\nsmtp_max_synprot_errors = 10\nlog_selector = +smtp_incomplete_transaction',
      script: session(`${EHLO}${MAIL}${RCPT}${RCPT}${DATA}${DATA}${RCPT}${MAIL}${RCPT}${DATA}${QUIT}`),
    },
    {
      name: 'PIPECONNECT behind a message',
      script: session(`${EHLO}${EHLO}RSET\n${EHLO}${MAIL}${EHLO}RSET\n${EHLO}${QUIT}`),
    },
    { name: 'PIPECONNECT behind RSET', script: session(`RSET\n${EHLO}${QUIT}`) },
    { name: 'PIPECONNECT behind NOOP', script: session(`NOOP\nHELP\n${EHLO}VRFY x\n${EHLO}${QUIT}`) },
    { name: 'PIPECONNECT behind a bad MAIL', script: session(`MAIL\n${EHLO}MAIL FROM:<a b>\n${EHLO}${QUIT}`) },
    { name: 'PIPECONNECT behind BOGUS', script: session(`BOGUS\n${EHLO}HELO x\n${EHLO}${QUIT}`) },
    { name: 'PIPECONNECT behind RCPT', script: session(`RCPT TO:<x@a.example>\n${EHLO}DATA\n${EHLO}${QUIT}`) },
    ...['', '-all', '+smtp_syntax_error', '-smtp_syntax_error'].map((selector) => ({
      name: `unqualified, log_selector = ${selector}`,
      options: `log_selector = ${selector}\nacl_smtp_vrfy = accept`,
      script: session(`${EHLO}MAIL FROM:<x>\n${MAIL}RCPT TO:<y>\nVRFY z\nVRFY a b c\n${QUIT}`),
    })),
  ];
}
