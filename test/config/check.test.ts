/** `eximius check` on configurations with many mistakes: each is found, once, where it stands, with what to write instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtin } from '../../src/builtin.ts';
import { checkLoaded } from '../../src/config/check.ts';
import { readForCheck } from '../../src/process/runtime.ts';
import { createSystem } from '../../src/system/create-system.ts';
import { DirectSpawner } from '../../src/system/direct-spawner.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { testBuild } from '../../src/system/fakes/services.ts';

/** A line of the configuration, and what is wrong with it: where that begins, the message, the suggestion. */
type Row = readonly [line: string, ...wrong: readonly (readonly [from: string, message: string, suggestion?: string])[]];

async function check(rows: readonly Row[]): Promise<readonly string[]> {
  const system = createSystem();
  const text = rows.map(([line]) => line).join('\n');
  const files = new MemoryFiles({ files: { '/c': text, '/etc/aliases': '' } });
  try {
    const { loaded, expander } = await readForCheck({
      system,
      registry: builtin,
      userActions: system.userActions,
      spawner: new DirectSpawner(),
      load: { paths: ['/c'], macros: [], build: testBuild, files, accounts: system.accounts, machine: system.machine },
    });
    const parts = { files, regexes: system.regexes, compiler: expander, routers: await builtin.routers(), acl: await builtin.acl() };
    return checkLoaded(loaded, parts).map(({ at, message, suggestion }) => [`${at.line}:${at.column}`, message, suggestion].join(' | '));
  } finally {
    system.close();
  }
}

/** A place behind the whole line is written as ''. */
function expected(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(([line, ...wrong], index) =>
    wrong.map(([from, message, suggestion]) => [`${index + 1}:${line.lastIndexOf(from) + 1}`, message, suggestion].join(' | ')),
  );
}

const errors: readonly Row[] = [
  ['primary_hostnam = x', ['primary', 'main option "primary_hostnam" unknown', 'did you mean "primary_hostname"?']],
  ['queue_only = maybe', ['maybe', '"maybe" is not a valid value for the "queue_only" option', 'write true, false, yes or no']],
  ['smtp_accept_max = lots', ['lots', 'integer expected for smtp_accept_max', 'write a number like 20 or 50M']],
  ['timeout_frozen_after = 7x', ['7x', 'invalid time value for timeout_frozen_after', 'a time is written like 1d12h or 30m']],
  ['exim_user = no-such-user', ['no-such', 'user no-such-user was not found', 'make the user, or write the number of one']],
  ['log_selector = +all_parentz', ['+all', 'unknown log_selector setting: +all_parentz', 'did you mean "all_parents"?']],
  ['acl_smtp_rcpt = acl_chek_rcpt', ['acl_chek', 'there is no ACL called "acl_chek_rcpt"', 'did you mean "acl_check_rcpt"?']],
  [
    'smtp_banner = x ${primary_hostname ESMTP',
    ['${', '"${primary_hostname" is not a known operator (or a } is missing in a variable reference)', 'write ${primary_hostname}'],
  ],
  ['tls_certificate = /no/cert.pem', ['/no', '/no/cert.pem: No such file or directory', 'make it, or correct its name']],
  ['domainlist local = @ : +locals', ['+locals', 'unknown named domain list "+locals"', 'did you mean "local"?']],
  [
    'domainlist local = x',
    ['local', 'duplicate name "local" for a named domain list', 'the first one is in line 10: give one of them another name'],
  ],
  [
    'hostlist relays = 192.0.2.0/24 : !10.0.0.0/33',
    ['10.', 'invalid netmask in "10.0.0.0/33"', 'the number behind the slash is at most 32'],
  ],
  [
    'domainlist patterns = a : ^foo(\\\\.example',
    [
      '^foo',
      'regular expression error: missing closing parenthesis at offset 14 while compiling ^foo(\\.example',
      'look at: ^foo(\\.example <-- here',
    ],
  ],
  [
    'qualify_domain = a.example # ours',
    ['# ours', 'a comment behind a value is part of the value', 'write the comment on a line of its own, and the value as: a.example'],
  ],
  ['.endif', ['.endif', '.endif without matching .ifdef', 'an .ifdef may have been lost, or an .endif be too many']],
  ['begin acl'],
  ['acl_check_rcpt:'],
  ['  accept hosts = +relayz : \\', ['+relayz', 'unknown named host list "+relayz"', 'did you mean "relays"?']],
  ['         +relays : \\'],
  ['         +nowhere', ['+nowhere', 'unknown named host list "+nowhere"', 'write "hostlist nowhere = ..." in the main section']],
  [
    '  deny condition = ${if eq{a}{b}',
    [
      '',
      "curly-bracket problem in conditional yes/no parsing: 'yes' part did not start with '{'\n remaining string is ''",
      'look at the braces: each { needs its }',
    ],
  ],
  ['  deny message = "no"', ['"no', 'the quotes are part of the message', 'write: message = no']],
  ['       domains = ${lcc:$domain}', ['${lcc', 'unknown expansion operator "lcc"', 'did you mean "lc"?']],
  [
    '  deny dnslist = zen.example',
    ['dnslist', 'error in ACL: unknown ACL condition/modifier in "deny dnslist = zen.example"', 'did you mean "dnslists"?'],
  ],
  [
    '  require verify = helos',
    [
      'helos',
      'expected "sender[=address]", "recipient", "helo", "header_syntax", "header_sender", "header_names_ascii" or "reverse_host_lookup" at start of ACL condition "verify helos"',
      'did you mean "helo"?',
    ],
  ],
  ['  warn control = frieze', ['frieze', 'syntax error in "control=frieze"', 'did you mean "freeze"?']],
  ['  deny acl = nested', ['nested', 'there is no ACL called "nested"', 'write an ACL "nested:" in the section acl']],
  [
    '  deny condition = ${if match{$domain}{a(}}',
    ['a(', 'regular expression error: missing closing parenthesis at offset 2 while compiling a(', 'look at: a( <-- here'],
  ],
  ['  deny condition = ${if match_domain{$domain}{+lokal}}', ['+lokal', 'unknown named domain list "+lokal"', 'did you mean "local"?']],
  [
    '  warn set acl_mx = 1',
    [
      'set',
      'error in ACL: invalid variable name after "set" in ACL modifier "set acl_mx = 1" (digit or underscore must follow acl_c or acl_m)',
      'write acl_m_x',
    ],
  ],
  ['begin routers'],
  ['one:'],
  ['  driver = acept', ['acept', 'router one: cannot find router driver "acept"', 'did you mean "accept"?']],
  ['two:'],
  ['  driver = dnslookup'],
  ['  domains = !+local'],
  ['  transport = remote_smpt', ['remote', 'there is no transport called "remote_smpt"', 'did you mean "remote_smtp"?']],
  ['  no_mor', ['no_mor', 'option "no_mor" unknown', 'did you mean "more"?']],
  ['three:'],
  ['  driver = redirect'],
  ['  data = ${lookup{$local_part}lseach{/etc/aliases}}', ['lseach', 'unknown lookup type "lseach"', 'did you mean "lsearch"?']],
  ['  condition = ${if eq{$sender_adress}{}}', ['$sender', 'unknown variable name "sender_adress"', 'did you mean "sender_address"?']],
  ['four:'],
  ['  driver = accept'],
  ['  transport = local'],
  ['five:', ['five', 'no address reaches the router five', 'the router four in line 43 leaves none over']],
  ['  driver = accept'],
  ['  transport = local'],
  ['begin transports'],
  ['remote_smtp:'],
  ['  driver = smtp'],
  ['  hosts_require_tlss = *', ['hosts', 'option "hosts_require_tlss" unknown', 'did you mean "hosts_require_tls"?']],
  ['local:'],
  ['  driver = appendfile'],
  [
    '  file = /var/mail/$local_part',
    [
      '$local',
      'taint_mode = strict refuses $local_part in a file name',
      '$local_part_data holds what a list or a check found, which may be used',
    ],
  ],
  ['  mode = 0999', ['0999', 'extra characters follow octal integer value for mode', 'a mode has the digits 0 to 7, like 0660']],
  [
    'remote_smtp:',
    ['remote', 'there are two transports called "remote_smtp"', 'the first one is in line 50: give one of them another name'],
  ],
  ['  driver = smtp'],
  ['begin retry'],
  ['* * F,2h,15m; G,16h,1h,1.5; F,4d', ['', 'comma expected', 'a rule is: ADDRESSES ERROR F,2h,15m; G,16h,1h,1.5']],
  ['begin authenticators'],
  ['plain:'],
  ['  driver = plaintxt', ['plaintxt', 'authenticator plain: cannot find authenticator driver "plaintxt"', 'did you mean "plaintext"?']],
  [
    'begin nosuch',
    [
      'nosuch',
      '"nosuch" is not a known configuration section name',
      'the sections are acl, authenticators, local_scan, retry, rewrite, routers, transports',
    ],
  ],
];

test('check: many mistakes in one file', async () => {
  const found = await check(errors);
  assert.deepEqual(found, expected(errors));
  assert.ok(found.length >= 40);
});

test('check: conditions in ACLs of another phase', async () => {
  const rows: readonly Row[] = [
    ['acl_smtp_mail = mail'],
    ['acl_smtp_rcpt = rcpt'],
    ['begin acl'],
    ['mail:'],
    ['  deny domains = a.example', ['domains', 'cannot test domains condition in MAIL ACL', 'it may be used in ACLs for RCPT, VRFY, PRDR']],
    ['  deny acl = shared'],
    ['rcpt:'],
    ['  deny domains = a.example'],
    ['  deny acl = shared'],
    ['shared:'],
    ['  deny domains = a.example'],
  ];
  assert.deepEqual(await check(rows), expected(rows));
});
