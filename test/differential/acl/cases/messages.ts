/** Texts of replies and log lines: codes, lines, lengths, expansions that fail. */
import { type AclCase, greeting, message, QUIT, recipients } from '../case.ts';

const long = 'word '.repeat(250);

const TEXTS: readonly string[] = [
  'plain',
  '  leading and trailing  ',
  'two\\nlines',
  'three\\n\\nlines\\n',
  'crlf\\r\\nline',
  '\\tTab \\x07 bell \\xe9 high',
  '550 ok code',
  '551 other code',
  '550-multi\\n550 line',
  '5505 no code',
  '550',
  '550 ',
  '450 wrong digit',
  '250 wrong digit',
  '451 4.7.1 enhanced',
  '451 5.7.1 enhanced wrong',
  '451 4.7.1',
  '551 5.7.1 enhanced',
  '551 4.7.1 wrong class',
  '5.7.1 only enhanced',
  '4.7.1 only enhanced',
  '5.7.1234 too long',
  '551 5.7.1 several\\nlines here',
  '551-5.7.1 dashed\\n551 5.7.1 lines',
  '999 nonsense',
  '599 last',
  '499 last',
  '',
  '\\n',
  '\\nstarts with a newline',
  '${if',
  '${if eq{a}{b}{yes}fail}',
  '${lookup dnsdb{a=again.example}}',
  '${lookup{x}lsearch{DIR/nothere}}',
  '$acl_verify_message',
  '"$acl_verify_message"',
  '${acl_verify_message}\\n$acl_verify_message',
  '$local_part@$domain from $sender_address',
  '${quote:$local_part} "quoted"',
  long,
  `${long}\\n${long}`,
  'word '.repeat(30),
  'x'.repeat(600),
  `x${'y'.repeat(100)} ${'z'.repeat(100)} a: b ${'c'.repeat(60)}`,
  'see http://example.com/: a: b: c: d: e: f: g: h: i: j: k: l: m: n: o: p: q: r: s: t: u: v: w: x: y: z and more',
];

export function messageCases(): AclCase[] {
  return [
    ...TEXTS.map((text, index) => textCase(`message: text ${index}`, `message = ${text}`)),
    ...TEXTS.map((text, index) => textCase(`log_message: text ${index}`, `message = said\n    log_message = ${text}`)),
    ...[
      '250 fine',
      '251 other',
      '250 2.1.5 enhanced',
      '220 two\\nlines',
      '550 wrong',
      'no code',
      '354 x',
      '2.1.5 only',
      '250',
      '',
      'a rather long text that is split up into more than one line of the reply because it does not fit into one',
    ].map(
      (text, index): AclCase => ({
        name: `message of accept ${index}`,
        options:
          'acl_smtp_rcpt = check\nacl_smtp_mail = check\nacl_smtp_data = check\nacl_smtp_helo = check\nacl_smtp_predata = check\nacl_smtp_quit = check\nacl_smtp_vrfy = check',
        acls: `check:\n  accept message = ${text}\n`,
        input: `${greeting()}VRFY x@a.example\n${recipients('x@a.example')}${message()}${QUIT}`,
      }),
    ),
    ...['defer', 'deny', 'drop', 'require'].flatMap((verb) =>
      ['250 x', '450 x', '550 x', '421 x', '554 x', '451 4.3.2 x', '550 5.3.2 x', '552 4.1.1 x'].map(
        (text): AclCase => ({
          name: `message code: ${verb} ${text}`,
          options: 'acl_smtp_rcpt = check',
          acls: `check:\n  ${verb} message = ${text}\n${verb === 'require' ? '    condition = no\n' : ''}`,
          input: `${greeting()}${recipients('x@a.example')}${QUIT}`,
        }),
      ),
    ),
    ...['helo', 'mail', 'predata', 'data', 'vrfy', 'expn', 'etrn', 'starttls', 'quit', 'connect'].flatMap((hook) =>
      [
        'deny message = 553 5.1.2 why',
        'deny message = first\\nsecond',
        'defer message = 452 4.1.2 why',
        'deny log_message = l',
        'accept',
        'defer',
      ].map(
        (statement): AclCase => ({
          name: `message in ${hook}: ${statement}`,
          options: `acl_smtp_${hook} = check\nacl_smtp_rcpt = all`,
          acls: `check:\n  ${statement}\nall:\n  accept\n`,
          input: `${hook === 'connect' ? '' : ''}${greeting()}VRFY x@a.example\nEXPN x@a.example\nETRN #x\nSTARTTLS\n${recipients('x@a.example')}${message()}${QUIT}`,
        }),
      ),
    ),
    ...['control = no_multiline_responses', 'control = no_multiline_responses\n  warn set acl_c_x = 1'].map(
      (lines, index): AclCase => ({
        name: `no_multiline_responses ${index}`,
        options: 'acl_smtp_rcpt = check\nacl_smtp_connect = early',
        acls: `early:\n  accept ${lines.split('\n')[0]}\ncheck:\n  deny message = one\\ntwo\\n${long}\n`,
        input: `${greeting()}${recipients('x@a.example')}${message()}${QUIT}`,
      }),
    ),
    ...[
      'deny message = a\n  message = b',
      'deny message = a\n  log_message = la\n  condition = yes\n  message = b\n  log_message = lb',
      'deny message = a\n  condition = no\n  message = b\n  accept',
      'warn log_message = warned',
      'warn log_message = warned\n  warn log_message = warned\n  warn log_message = other',
      'warn message = X-Head: a\n  warn message = no header',
      'warn message = X-Head: a\\n continued\n  warn message = X-Head: b\\nX-Other: c',
      'warn message = X-Head: a\n log_message = both',
      'warn message = X-Same: a\n  warn message = X-Same: a\n',
      'warn message = ${if\n  warn log_message = ${if',
      'warn message = \n log_message =',
      'warn condition = maybe\n log_message = not',
      'warn condition = maybe\n  accept',
      'warn !verify = recipient\n log_message = not verified: $acl_verify_message',
      'warn !verify = sender\n log_message = not verified: $acl_verify_message',
      'accept logwrite = a\\nb',
      'deny !verify = recipient\n message = $acl_verify_message\n log_message = $acl_verify_message',
      'deny !verify = sender\n message = $acl_verify_message\n log_message = $acl_verify_message',
      'deny !verify = sender/no_details\n message = m: $acl_verify_message',
      'require verify = sender/no_details',
      'require verify = sender',
    ].map(
      (statements, index): AclCase => ({
        name: `message combination ${index}`,
        args: ['-bs', '-odq', '-oMa', '192.0.2.1'],
        options: 'acl_smtp_rcpt = check\nlog_selector = +acl_warn_skipped',
        acls: `check:\n  ${statements}\n  accept\n`,
        input: `${greeting('failing@a.example')}${recipients('failing@a.example')}${message()}${greeting('failing@a.example')}${recipients('x@a.example')}${message()}${QUIT}`,
      }),
    ),
  ];
}

function textCase(name: string, lines: string): AclCase {
  return {
    name,
    options: 'acl_smtp_rcpt = check',
    acls: `check:\n  deny verify = recipient\n    message = never\n  deny ${lines}\n    !verify = recipient\n`,
    input: `${greeting()}${recipients('failing@a.example')}${QUIT}`,
  };
}
