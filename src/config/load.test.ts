import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Octets } from '../base/octets.ts';
import { FakeMachine } from '../system/fakes/host.ts';
import { loadedText, loadText, problemsOf } from './load-cases.ts';
import { eximProblemText } from './problems.ts';

const file = '/etc/exim.conf';
const inLine = (line: number, text: string): string => `Exim configuration error in line ${line} of ${file}:\n  ${text}`;
const withoutLine = (text: string): string => `Exim configuration error:\n  ${text}`;

// The first one of each is what Exim 4.96 says.
const errors: readonly (readonly [text: string, ...problems: readonly string[]])[] = [
  ['foo = 1\n', inLine(1, 'main option "foo" unknown')],
  ['1abc = 2\n', inLine(1, 'option setting expected: 1abc = 2')],
  [' = 3\n', inLine(1, 'option setting expected: = 3')],
  ['.foo\n', inLine(1, 'option setting expected: .foo')],
  ['hide = 3\n', inLine(1, 'main option "" unknown')],
  ['primary_hostname x\n', inLine(1, 'missing "=" after primary_hostname')],
  ['queue_only = maybe\n', inLine(1, '"maybe" is not a valid value for the "queue_only" option')],
  ['queue_only = 1\n', inLine(1, '"" is not a valid value for the "queue_only" option')],
  ['queue_only true\n', inLine(1, 'extra characters follow boolean option queue_only')],
  ['queue_only = true x\n', inLine(1, 'extra characters follow "true" for boolean option queue_only')],
  [
    'smtp_accept_max = 10 # ten\n',
    inLine(1, 'extra characters follow integer value for smtp_accept_max (# is comment only at line start)'),
  ],
  ['no_queue_only\nno_queue_only\n', inLine(2, '"no_queue_only" option set for the second time')],
  ['primary_hostname\n', inLine(1, 'unexpected end of line (data missing) after primary_hostname')],
  ['errors_reply_to = x\n', withoutLine('errors_reply_to (x) does not contain a domain')],
  ['no_queue_only = false\n', inLine(1, 'extra characters follow boolean option no_queue_only')],
  ['no_primary_hostname\n', inLine(1, 'negation prefix applied to a non-boolean option')],
  ['taint_mode = lax\n', inLine(1, '"lax" is not a valid value for the "taint_mode" option')],
  ['no_hide\n', inLine(1, 'main option "no_hide" unknown')],
  ['smtp_accept_max = abc\n', inLine(1, 'integer expected for smtp_accept_max')],
  ['dns_retry = 1T\n', inLine(1, 'absolute value of integer "1T" is too large (overflow)')],
  ['dns_retry = 1P\n', inLine(1, 'extra characters follow integer value for dns_retry')],
  ['daemon_smtp_port\n', inLine(1, 'unexpected end of line (data missing) after daemon_smtp_port')],
  ['delay_warning = "1h:2h"\n', inLine(1, 'invalid time value for delay_warning')],
  ['smtp_receive_timeout = "$x"\n', inLine(1, 'invalid time value for smtp_receive_timeout')],
  ['exim_user = ${if eq{a}{a}{mail}}\n', inLine(1, 'user ${if eq{a}{a}{mail}} was not found')],
  ...[
    'smtp_accept_queue = 5',
    'smtp_accept_max_per_host = 5',
    'smtp_accept_max_per_host =',
    'smtp_accept_queue = 5\nsmtp_accept_max_per_host = 5',
  ].map((options): [string, string] => [
    `smtp_accept_max = 0\n${options}\n`,
    'Exim configuration error:\n  smtp_accept_max must be set if smtp_accept_queue or smtp_accept_max_per_host is set',
  ]),
  ['tls_dh_max_bits = 1000\n', 'Exim configuration error:\n  tls_dh_max_bits is too small, must be at least 1024 for interop'],
  ['local_sender_retain\n', 'both local_from_check and local_sender_retain are set; this combination is not allowed'],
  ['smtp_ratelimit_mail = 2,0.5,1.05,4m\n', 'malformed ratelimit data: 2,0.5,1.05,4m'],
  ['log_file_path = /x/abc : syslog\n', 'log_file_path "/x/abc" does not contain "%s"'],
  ['log_file_path = /x/%s%d\n', 'log_file_path "/x/%s%d" contains unexpected "%" character'],
  ['spool_directory =\n', 'spool_directory undefined: cannot proceed'],
  ['smtp_accept_max = 10x\n', inLine(1, 'extra characters follow integer value for smtp_accept_max')],
  ['smtp_accept_max = 09\n', inLine(1, 'extra characters follow integer value for smtp_accept_max')],
  ['smtp_accept_max = 1 K\n', inLine(1, 'extra characters follow integer value for smtp_accept_max')],
  ['smtp_accept_max = 99999999999\n', inLine(1, 'absolute value of integer "99999999999" is too large (overflow)')],
  ['smtp_accept_max = 4G\n', inLine(1, 'absolute value of integer "4G" is too large (overflow)')],
  ['auto_thaw = 10\n', inLine(1, 'invalid time value for auto_thaw')],
  ['auto_thaw = 1h 2m\n', inLine(1, 'invalid time value for auto_thaw')],
  ['auto_thaw =\n', inLine(1, 'invalid time value for auto_thaw')],
  ['delay_warning = 2h:1h\n', inLine(1, 'time value out of order for delay_warning')],
  ['delay_warning = 2h:xx\n', inLine(1, 'invalid time value for delay_warning')],
  ['queue_only_load = .5\n', inLine(1, 'fixed-point number expected for queue_only_load')],
  ['queue_only_load = 5 x\n', inLine(1, 'extra characters follow fixed-point value for queue_only_load')],
  ['queue_only_load = -1.5\n', inLine(1, 'integer "-1.5" is too large (overflow)')],
  ['queue_only\nqueue_only\n', inLine(2, '"queue_only" option set for the second time')],
  ['primary_hostname = "abc\n', inLine(1, 'missing quote at end of string value for primary_hostname')],
  ['primary_hostname = "abc" def\n', inLine(1, 'extra characters follow string value for primary_hostname')],
  ['never_users = nosuchuser\n', inLine(1, 'user nosuchuser was not found')],
  ['trusted_groups = nosuchgroup\n', inLine(1, 'group nosuchgroup was not found')],
  ['exim_user = nosuch\n', inLine(1, 'user nosuch was not found')],
  ['begin foo\n', inLine(1, '"foo" is not a known configuration section name')],
  ['begin acl foo\n', inLine(1, '"acl foo" is not a known configuration section name')],
  ['begin\tacl\n', inLine(1, 'main option "begin" unknown')],
  ['begin acl\nbegin acl\n', inLine(2, '"acl" section is repeated in the configuration file')],
  ['FOO bar\n', inLine(1, 'malformed macro definition')],
  ['Queue_only\n', inLine(1, 'malformed macro definition')],
  [`${'A'.repeat(64)} = 1\n`, inLine(1, 'macro name too long (maximum is 63 characters)')],
  ['FOO = 1\nFOO = 2\n', withoutLine('macro "FOO" is already defined (use "==" if you want to redefine it)')],
  ['FOO = 1\nFOOBAR = 2\n', withoutLine('"FOOBAR" cannot be defined as a macro because previously defined macro "FOO" is a substring')],
  ['FOO == 1\n', withoutLine('can\'t redefine an undefined macro "FOO"')],
  ['.include_if_exists foo\n', inLine(1, '.include specifies a non-absolute path "foo"')],
  ['.include /none\n', inLine(1, 'failed to open included configuration file /none')],
  ['.endif\n', inLine(1, '.endif without matching .ifdef')],
  ['.else\n', inLine(1, '.else without matching .ifdef')],
  ['.elifdef X\n', inLine(1, '.elifdef without matching .ifdef')],
  ['.ifdef X\n', inLine(1, 'Unexpected end of configuration file: .endif missing')],
  ['\xef\xbb\xbfqueue_only\n', inLine(1, 'found unexpected BOM (Byte Order Mark)')],
  ['domainlist a\n', inLine(1, 'missing \'=\' after "a"')],
  ['domainlist a-b = b\n', inLine(1, 'missing \'=\' after "a"')],
  ['domainlist a = b\ndomainlist a = c\n', inLine(2, 'duplicate name "a" for a named domain list')],
  ['domainlist_foo a = b\n', inLine(1, 'unrecognized configuration line')],
  ['domainlist a = "b" x\n', inLine(1, 'extra characters follow string value for a')],
  ['primary_hostnam = a\\\n b\\\n c\n', inLine(3, 'main option "primary_hostnam" unknown')],
  ['localhost_number = 999\n', withoutLine('localhost_number is greater than the maximum allowed value (16)')],
  ['begin routers\nfoo\n', inLine(2, 'router name missing')],
  ['begin routers\nfoo bar:\n driver = accept\n', inLine(2, 'router name missing')],
  ['begin routers\nfoo:\n', withoutLine('no driver defined for router "foo"')],
  ['begin routers\nfoo:\n driver = bar\n', inLine(3, 'router foo: cannot find router driver "bar"')],
  [
    'begin routers\nfoo:\n data = bar\n driver = redirect\n',
    inLine(3, 'option "data" unknown ("driver" must be specified before any private options)'),
    'Exim configuration error for foo router:\n  one of "file" or "data" must be specified',
  ],
  ['begin routers\nfoo:\n driver = accept\n bar = 2\n verify_only\n', inLine(4, 'option "bar" unknown')],
  ['begin routers\nfoo:\n driver = accept\n driver = accept\n verify_only\n', inLine(4, '"driver" option set for the second time')],
  ['begin routers\nfoo: bar\n driver = accept\n verify_only\n', inLine(2, 'extra characters follow driver name foo')],
  [
    'begin routers\nfoo:\n driver = accept\n verify_only\nfoo:\n driver = accept\n verify_only\n',
    withoutLine('there are two routers called "foo"'),
  ],
  ['begin routers\nfoo:\n driver = accept\n', withoutLine('foo router:\n  a transport is required for this router')],
  [
    'begin routers\nfoo:\n driver = accept\n pass_router = nope\n verify_only\n',
    withoutLine('new_router "nope" not found for "foo" router'),
  ],
  [
    'begin routers\nfoo:\n driver = accept\n pass_router = foo\n verify_only\n',
    withoutLine('new_router "foo" does not follow "foo" router'),
  ],
  [
    'begin routers\nfoo:\n driver = accept\n pass_router = baz\n verify_only\nbar:\n driver = accept\n pass_router = foo\n verify_only\nbaz:\n driver = accept\n verify_only\n',
    withoutLine('new_router "foo" does not follow "bar" router'),
  ],
  ['begin routers\nfoo:\n driver = accept\n more = maybe\n verify_only\n', inLine(4, '"maybe" is not a valid value for the "more" option')],
  ['begin routers\nfoo:\n driver = accept\n user = nosuch\n verify_only\n', inLine(4, 'user nosuch was not found')],
  ['begin routers\nfoo:\n driver = redirect\n', 'Exim configuration error for foo router:\n  one of "file" or "data" must be specified'],
  ['begin routers\nfoo:\n driver = redirect\n data = x\n modemask = 999\n', inLine(5, 'octal integer expected for modemask')],
  [
    'begin routers\nfoo:\n driver = accept\nFOO = 1\n verify_only\n',
    inLine(5, 'router name missing'),
    withoutLine('foo router:\n  a transport is required for this router'),
  ],
  ['begin acl\naccept\n', inLine(2, 'missing or malformed ACL name')],
  ['begin acl\nfoo-bar:\n accept\n', inLine(2, 'missing or malformed ACL name')],
  ['begin acl\nfoo:\n  accept\nfoo:\n accept\n', inLine(4, 'there are two ACLs called "foo"')],
  ['begin local_scan\nfoo = 1\n', inLine(2, 'local_scan() options not supported: (LOCAL_SCAN_HAS_OPTIONS not defined in Local/Makefile)')],
  ['begin retry\n*\n', inLine(2, 'missing error type in retry rule')],
  ['begin retry\n"a b * F,1h,1m\n', inLine(2, 'missing error type in retry rule')],
  ['begin retry\n* * X,1h,2h\n', inLine(2, 'unknown retry rule letter')],
  ['begin retry\n* * F,1x,2h\n', inLine(2, 'bad parameters for retry rule')],
  ['begin retry\n* * F,1h,0s\n', inLine(2, 'bad parameters for retry rule')],
  ['begin retry\n* * G,1h,2h\n', inLine(2, 'comma expected')],
  ['begin retry\n* * F,1h\n', inLine(2, 'comma expected')],
  ['begin retry\n* * F , 1h , 1m\n', inLine(2, 'comma expected')],
  ['begin retry\n* * F,1h,1m;;\n', inLine(2, 'comma expected')],
  ['begin retry\n* * F,1h,2h,3\n', inLine(2, 'semicolon expected')],
  ['begin retry\n* * F,1h,1m F,2h,2m\n', inLine(2, 'semicolon expected')],
  ['begin retry\n* * F,1h,-1m\n', inLine(2, 'comma or semicolon expected')],
  ['begin retry\n* * G,1h,2h,0.5\n', inLine(2, 'bad parameters for retry rule')],
  ['begin retry\n* foo F,1h,2h\n', inLine(2, 'unknown or malformed retry error "foo"')],
  ['begin retry\n* rcpt_4XX F,1h,2h\n', inLine(2, 'rcpt_4 must be followed by xx, dx, or dd, where x is literal and d is any digit')],
  ['begin retry\n* quota_3x F,1h,2h\n', inLine(2, 'bad time value')],
  ['begin retry\n* refused_x F,1h,2h\n', inLine(2, 'A or MX expected after "refused"')],
  ['begin retry\n* timeout_x F,1h,2h\n', inLine(2, '"A", "MX", or "connect" expected after "timeout"')],
  ['begin rewrite\nfoo\n', inLine(2, 'missing rewrite replacement string')],
  ['begin rewrite\nfoo bar X\n', inLine(2, "unknown rewrite flag character 'X' (could be missing quotes round replacement item)")],
  ['begin rewrite\n*@foo a SE\n', inLine(2, 'rewrite rule has the S flag but is not a regular expression')],
];

for (const [text, ...expected] of errors) {
  test(`refused: ${JSON.stringify(text)}`, async () => {
    const problems = await problemsOf(text);
    assert.deepEqual(problems.filter((problem) => problem.severity === 'error').map(eximProblemText), expected);
  });
}

test('all problems are found, each with its place', async () => {
  const problems = await problemsOf('primary_hostnam = x\nsmtp_banner =  "a\n.include /etc/more\nqueue_only = 7\n', {
    contents: { '/etc/more': '\n  auto_thaw = 5\n' },
  });
  assert.deepEqual(
    problems.map(({ message, at, suggestion }) => [at.file, at.line, at.column, message, suggestion]),
    [
      ['/etc/exim.conf', 1, 1, 'main option "primary_hostnam" unknown', 'did you mean "primary_hostname"?'],
      ['/etc/exim.conf', 2, 16, 'missing quote at end of string value for smtp_banner', undefined],
      ['/etc/more', 2, 15, 'invalid time value for auto_thaw', 'a unit is missing: 5s, 5m, 5h, …'],
      ['/etc/exim.conf', 4, 14, '"" is not a valid value for the "queue_only" option', 'write true, false, yes or no'],
    ],
  );
});

test('a problem in a continued line points at its own physical line', async () => {
  const [problem] = await problemsOf('hide mysql_servers = \\\n  # comment\n  "abc" \\\n   def\n');
  assert.deepEqual(problem?.at, { file, line: 4, column: 4 });
});

/** What `primary_hostname` becomes. */
const files = {
  '/etc/a': 'primary_hostname = inc\n',
  '/etc/cont': 'foo \\\n',
  '/etc/open': '.ifdef X\nqueue_only\n',
  '/etc/sub/b': '.include ../a\n',
  '/etc/mac': 'MAC == MAC d\n',
};
const reading: readonly (readonly [what: string, text: string, value: Octets])[] = [
  ['white space and comments', '# c\n\n   # d\n\tprimary_hostname  =  x  \n', 'x'],
  ['a # inside a line is data', 'primary_hostname = x # y\n', 'x # y'],
  ['continuation', 'primary_hostname = a \\\n   b\\\n\tc\n', 'a bc'],
  ['white space behind the backslash', 'primary_hostname = a\\ \t\n b\n', 'ab'],
  ['after two backslashes an empty line goes on', 'primary_hostname = a\\\\\n\n b\n', 'ab'],
  ['a comment within', 'primary_hostname = a\\\n # no\n b\n', 'ab'],
  ['a backslash at the end of the file', 'primary_hostname = a\\', 'a'],
  ['CRLF', 'primary_hostname = a\\\r\n b\r\nqueue_only\r\n', 'ab'],
  ['no newline at the end', 'primary_hostname = a', 'a'],
  ['escapes in quotes', String.raw`primary_hostname = "a\x41\101\t\q\"\\"`, 'aAA\tq"\\'],
  ['no escapes without quotes', String.raw`primary_hostname = a\tb "c"`, String.raw`a\tb "c"`],
  ['a quoted value goes on', 'primary_hostname = "a\\\n  b"\n', 'ab'],
  ['NUL ends a line', 'primary_hostname = a\0b\n', 'a'],
  ['a macro', 'MAC = a b\nprimary_hostname = xMACy\n', 'xa by'],
  ['the rest of a macro is as it stands', 'MAC= "a=b" \nprimary_hostname = xMAC\n', 'x"a=b"'],
  ['a macro over two lines', 'MAC = a \\\n b\nprimary_hostname = MAC\n', 'a b'],
  ['a macro name is not found over a line end', 'AA = b\nprimary_hostname = A\\\nA\n', 'AA'],
  ['redefinition', 'MAC = a\nMAC == MAC b\nprimary_hostname = MAC\n', 'a b'],
  ['macros are substituted once, in order', 'AA = BB\nBB = CC\nCC = AA\nprimary_hostname = AA\n', 'CC'],
  ['longer names first', 'MAC_X = a\nMAC = b\nprimary_hostname = MAC_XMAC\n', 'ab'],
  ['an empty macro alone on a line', 'MAC =\nMAC\nprimary_hostname = a\n', 'a'],
  ['a macro that makes a comment', 'MAC = #\nMAC queue_only = 7\nprimary_hostname = a\n', 'a'],
  ['a macro that makes an inclusion', 'MAC = .include /etc/a\nMAC\n', 'inc'],
  ['a macro in an inclusion', 'DIR = /etc\n.include DIR/a\n', 'inc'],
  ['a quoted file name', '.include "/etc/a"\n', 'inc'],
  ['a relative file name', '.include sub/b\n', 'inc'],
  ['an optional file that is not there', '.include_if_exists /etc/none\n.include_if_exists   /etc/a \n', 'inc'],
  ['an inclusion within a continued line goes on behind it', 'primary_hostname = a\\\n.include /etc/cont\nbar\n', 'afoo bar'],
  ['a macro redefined in an included file', 'MAC = c\n.include /etc/mac\nprimary_hostname = MAC\n', 'c d'],
  ['.ifdef over files', '.include /etc/open\n.endif\nprimary_hostname = a\n', 'a'],
  ['.ifdef', 'A = 1\n.ifdef A\nprimary_hostname = a\n.else\nprimary_hostname = b\n.endif\n', 'a'],
  ['.ifdef with part of a name', 'A = 1\n.ifdef XAX\nprimary_hostname = a\n.endif\n', 'a'],
  ['several names: any', 'B = 1\n.ifdef A B\nprimary_hostname = a\n.endif\n', 'a'],
  ['.ifndef', 'A = 1\n.ifndef A\nprimary_hostname = a\n.else text\nprimary_hostname = b\n.endif text\n', 'b'],
  [
    '.elifdef: the first that holds',
    'A = 1\n.ifdef X\nqueue_only = 7\n.elifdef A\nprimary_hostname = b\n.elifdef A\nqueue_only = 7\n.else\nqueue_only = 7\n.endif\n',
    'b',
  ],
  ['.elifndef', '.ifdef X\nqueue_only = 7\n.elifndef X\nprimary_hostname = b\n.endif\n', 'b'],
  [
    'nothing is read in a part that is off',
    '.ifdef X\n.include /none\n.ifndef Y\nqueue_only = 7\n.endif\n.else\nprimary_hostname = b\n.endif\n',
    'b',
  ],
  ['within a continued line', 'primary_hostname = a\\\n .ifdef X\n  b\n .else\n  c\n.endif\n', 'ac'],
  ['built-in macros', '.ifdef _HAVE_TLS\nprimary_hostname = a\n.endif\n', 'a'],
  ['part of the name of what is not there', '.ifdef _HAVE_GNUTLS\nprimary_hostname = a\n.else\nprimary_hostname = b\n.endif\n', 'b'],
  ['built-in macros for options', '.ifdef _OPT_MAIN_QUEUE_ONLY\nprimary_hostname = a\n.endif\n', 'a'],
  [
    'a driver that is not built has no macro',
    '.ifdef _DRIVER_ROUTER_IPLOOKUP\nprimary_hostname = a\n.else\nprimary_hostname = b\n.endif\n',
    'b',
  ],
  ['options that are understood have', '.ifdef _OPT_MAIN_ACL_SMTP_DKIM\nprimary_hostname = a\n.endif\n', 'a'],
];

for (const [what, text, value] of reading) {
  test(`reading: ${what}`, async () => {
    assert.equal((await loadedText(text, { contents: files })).main.primary_hostname, value);
  });
}

test('a macro of the command line holds against the file', async () => {
  const config = await loadedText('MAC = a\nMAC == b\nprimary_hostname = MAC\n', { macros: [['MAC', 'c']] });
  assert.equal(config.main.primary_hostname, 'c');
});

const values: readonly (readonly [
  line: string,
  name:
    | 'smtp_accept_max'
    | 'auto_thaw'
    | 'queue_only_load'
    | 'delay_warning'
    | 'queue_only'
    | 'tcp_nodelay'
    | 'check_spool_space'
    | 'never_users'
    | 'trusted_groups'
    | 'bounce_return_size_limit'
    | 'host_lookup_order',
  value: unknown,
])[] = [
  ['smtp_accept_max = 010', 'smtp_accept_max', 8],
  ['smtp_accept_max = 0x1F', 'smtp_accept_max', 31],
  ['smtp_accept_max = -2K', 'smtp_accept_max', -2048],
  ['smtp_accept_max = 0', 'smtp_accept_max', 0],
  ['bounce_return_size_limit = 3m', 'bounce_return_size_limit', 3 << 20],
  ['return_size_limit = 2K', 'bounce_return_size_limit', 2048],
  ['check_spool_space = 20', 'check_spool_space', 20],
  ['check_spool_space = 2M', 'check_spool_space', 2048],
  ['auto_thaw = 2m1h', 'auto_thaw', 3720],
  ['auto_thaw = 1w2d3h4m5s', 'auto_thaw', 788_645],
  ['queue_only_load = 1.23456', 'queue_only_load', 1.234],
  ['queue_only_load = 5.', 'queue_only_load', 5],
  ['delay_warning = 1h : 2h :3d', 'delay_warning', [3600, 7200, 259_200]],
  ['delay_warning = 0s', 'delay_warning', []],
  ['queue_only', 'queue_only', true],
  ['queue_only =', 'queue_only', true],
  ['queue_only = YES', 'queue_only', true],
  ['queue_only = no', 'queue_only', false],
  ['not_tcp_nodelay', 'tcp_nodelay', false],
  ['no_tcp_nodelay', 'tcp_nodelay', false],
  ['never_users = root:mail : 12345', 'never_users', [0, 8, 12345]],
  ['trusted_groups = <; mail ; 7', 'trusted_groups', [12, 7]],
  ['host_lookup_order = byaddr : bydns :', 'host_lookup_order', ['byaddr', 'bydns']],
];

for (const [line, name, value] of values) {
  test(`value: ${line}`, async () => {
    assert.deepEqual((await loadedText(`${line}\n`)).main[name], value);
  });
}

test('named lists', async () => {
  const { namedLists } = await loadedText('hide domainlist_cache a = b : \\\n c\nhostlist 1x = "d\\x41"\nlocalpartlist l =\n');
  const shown = [...namedLists.domainlist.values(), ...namedLists.hostlist.values(), ...namedLists.localpartlist.values()];
  assert.deepEqual(
    shown.map(({ kind, name, template, isHidden, forceCache }) => [kind, name, template.source, isHidden, forceCache]),
    [
      ['domainlist', 'a', 'b : c', true, true],
      ['hostlist', '1x', 'dA', false, false],
      ['localpartlist', 'l', '', false, false],
    ],
  );
});

test('defaults come from the machine, the build and each other', async () => {
  const { main, startup } = await loadedText('qualify_domain = q.example\n');
  assert.deepEqual([main.primary_hostname, main.qualify_domain, main.qualify_recipient], ['mail.test.example', 'q.example', 'q.example']);
  const emptied = await loadedText('qualify_domain =\n');
  assert.deepEqual([emptied.main.qualify_domain, emptied.main.qualify_recipient], ['', '']);
  assert.deepEqual(startup, {
    spoolDirectory: '/var/spool/exim',
    logFilePath: '/var/log/exim/%slog',
    pidFilePath: '/var/spool/exim/exim-daemon.pid',
    localhostNumber: undefined,
    eximUid: 93,
    eximGid: 93,
    eximLogin: 'exim',
  });
});

test('start-up settings', async () => {
  const { startup } = await loadedText('exim_user = mail\nexim_group = 7\nspool_directory = /s\nlocalhost_number = 3\n');
  assert.deepEqual(startup, {
    spoolDirectory: '/s',
    logFilePath: '/var/log/exim/%slog',
    pidFilePath: '/s/exim-daemon.pid',
    localhostNumber: 3,
    eximUid: 8,
    eximGid: 7,
    eximLogin: 'mail',
  });
});

test('exim_group follows exim_user when that is a name', async () => {
  const gidOf = async (text: string) => (await loadedText(text)).startup.eximGid;
  assert.equal(await gidOf('exim_user = mail\n'), 12);
  assert.equal(await gidOf('exim_user = 8\n'), 93);
});

test('sections in any order, in the plural or not, drivers with their options', async () => {
  const config = await loadedText(
    [
      'begin transport',
      't:',
      ' driver = smtp',
      ' command_timeout = 1m',
      'begin router',
      'MAC = true',
      'r1:',
      'driver = redirect',
      'data = x',
      ' more = ${if x}',
      ' fail_verify',
      ' condition = a',
      ' condition = b',
      'r2:',
      ' driver = accept',
      ' verify_only = MAC',
      'begin ACL',
      'a:',
      ' accept',
      'b :',
      'B = 1',
      'c:',
      ' deny',
    ].join('\n'),
  );
  const [r1, r2] = config.routers;
  assert.deepEqual(
    [r1?.name, r1?.driver, r1?.generic['fail_verify_sender'], r1?.generic['condition'], r1?.own['modemask']],
    ['r1', 'redirect', true, ['a', 'b'], 0o22],
  );
  assert.equal(r2?.generic['verify_only'], true);
  assert.deepEqual([...config.acls.values()].map(({ name, lines }) => [name, lines.map((line) => line.text)]).sort(), [
    ['a', ['accept']],
    ['b', []],
    ['c', ['deny']],
  ]);
  assert.equal(config.transports.get('t')?.own['command_timeout'], 60);
});

test('retry rules', async () => {
  const { retryRules } = await loadedText(
    'begin retry\n"a b" quota_3d senders="x@y : z@y" F,1h, 1m; g,1d,1h,1.5;\n* * \n*.x Rcpt_45x H,1w,1h,2\n',
  );
  assert.deepEqual(
    retryRules.map(({ pattern, error, senders, steps }) => [
      pattern,
      error,
      senders?.template.source,
      steps.map((step) => [step.algorithm, step.untilSeconds, step.intervalSeconds, step.factor]),
    ]),
    [
      [
        'a b',
        'quota_3d',
        'x@y : z@y',
        [
          ['F', 3600, 60, 1],
          ['G', 86400, 3600, 1.5],
        ],
      ],
      ['*', '*', undefined, []],
      ['*.x', 'Rcpt_45x', undefined, [['H', 604800, 3600, 2]]],
    ],
  );
});

test('what is not built yet loads and is named', async () => {
  const config = await loadedText(
    'system_filter = x\nbegin routers\nr:\n driver = redirect\n data = x\n sieve_inbox = y\ns:\n driver = iplookup\n',
  );
  assert.deepEqual(
    config.problems.map(({ severity, message, at }) => [severity, message, at.line]),
    [
      ['not-yet', 'main option "system_filter" is not built yet', 1],
      ['not-yet', '"sieve_inbox" option of the router r is not built yet', 6],
      ['not-yet', 'router driver "iplookup" is not built yet', 8],
    ],
  );
  assert.deepEqual([...config.mainNotYet], [['system_filter', 'deliver']]);
  assert.deepEqual(
    config.routers.map((router) => [router.notYet, router.behaviour === undefined]),
    [
      [['sieve_inbox'], false],
      [['driver'], true],
    ],
  );
});

test('files that include each other end in an error', async () => {
  const problems = await problemsOf('.include /etc/loop\n', { contents: { '/etc/loop': '.include /etc/loop\n' } });
  assert.deepEqual(
    problems.map((problem) => problem.message),
    ['failed to open included configuration file /etc/loop'],
  );
});

test('macros that double each other end in an error', async () => {
  const names = Array.from({ length: 26 }, (_, i) => `M${String.fromCharCode(65 + i)}_`);
  const definitions = names.map((name, i) => `${name} = ${(names[i + 1] ?? 'x').repeat(4)}\n`).join('');
  const result = await loadText(`${definitions}primary_hostname = ${names[0]}\n`);
  assert.equal(result.kind, 'failed');
});

/** A small generator of the same numbers every time. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % limit;
  };
}

const sample = [...errors.map(([text]) => text), ...reading.map(([, text]) => text)].join('');

test('any octets give located problems or a configuration, in bounded time', async () => {
  const below = random(7);
  for (let round = 0; round < 300; round++) {
    const start = below(sample.length);
    let text = round % 3 === 0 ? '' : sample.slice(start, start + below(600));
    for (let change = below(30); change > 0; change--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + below(3));
    }
    for (const { at, message } of await problemsOf(text, { contents: files })) {
      assert.ok(at.file !== '' && at.line >= 1 && at.column >= 1, `${message} in ${JSON.stringify(text)}`);
    }
  }
});

test("EXIMIUS_TAINT_MODE overrides taint_mode for a program with its caller's rights", async () => {
  const machine = (mode: string, realUid = 93) =>
    Object.assign(new FakeMachine({ environment: { EXIMIUS_TAINT_MODE: mode } }), { realUid: () => realUid, effectiveUid: () => 93 });
  const cases: readonly (readonly [text: string, machine: FakeMachine, mode: string])[] = [
    ['', machine('strict'), 'strict'],
    ['taint_mode = strict\n', machine('contain'), 'contain'],
    ['', machine('lax'), 'contain'],
    ['', machine('strict', 1000), 'contain'],
    ['taint_mode = strict\n', machine('contain', 1000), 'strict'],
  ];
  for (const [text, from, mode] of cases) assert.equal((await loadedText(text, { machine: from })).main.taint_mode, mode);
});
