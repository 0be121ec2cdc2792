import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TemplateCompiler } from '../core/config.ts';
import { type AclFamily, defineAclCondition } from '../core/define/acl.ts';
import { fail } from '../core/outcome.ts';
import { MemoryFiles } from '../system/fakes/files.ts';
import { constantTemplate } from '../system/fakes/services.ts';
import { RegexEngine } from '../system/regex.ts';
import { checkLoaded, formatCheck } from './check.ts';
import { loadText, testDefinitions } from './load-cases.ts';

/** Finds that braces do not match; the real compiler is wired in elsewhere. */
const compiler: TemplateCompiler = {
  template: (source, at, what) => ({
    ...constantTemplate(source, what),
    at,
    problems: () =>
      source.split('{').length === source.split('}').length ? [] : [{ severity: 'warning', message: `missing } in "${source}"`, at }],
  }),
};
const files = new MemoryFiles({ files: { '/etc/there': '' } });
const routers = testDefinitions.routers.map((router) => (router.name === 'accept' ? { ...router, neverDeclines: true } : router));

const aclFamily: AclFamily = {
  conditions: [
    defineAclCondition({
      name: 'hosts',
      summary: '',
      spec: '',
      permittedIn: 'all',
      isExpanded: false,
      listKind: 'host',
      prepare: () => ({ test: () => fail('not run here') }),
    }),
  ],
  modifiers: [],
  controls: [],
};

async function report(text: string, isJson = false): Promise<readonly string[]> {
  const loaded = await loadText(text, {
    compiler,
    compileText: (source, what) => compiler.template(source, { file: 'run', line: 1, column: 1 }, what),
  });
  return formatCheck(checkLoaded(loaded, { files, regexes: new RegexEngine(), compiler, routers, acl: aclFamily }), isJson).lines;
}

const acl = 'begin acl\na:\n  accept\n';
const cases: readonly (readonly [what: string, text: string, ...lines: readonly string[]])[] = [
  ['nothing', `acl_smtp_rcpt = a\n${acl}`],
  [
    'errors and warnings, in order',
    'queue_only = 7\nfoo\nprimary_hostname = x  # y\n',
    '/etc/exim.conf:1:14: error: "" is not a valid value for the "queue_only" option',
    '    write true, false, yes or no',
    '/etc/exim.conf:2:1: error: main option "foo" unknown',
    '/etc/exim.conf:3:22: warning: a comment behind a value is part of the value',
    '    write the comment on a line of its own, and the value as: x',
  ],
  ['an expansion that does not compile', 'smtp_banner = ${foo\n', '/etc/exim.conf:1:15: warning: missing } in "${foo"'],
  [
    'in a condition of a router',
    'begin routers\nr:\n driver = accept\n verify_only\n condition = ${foo\n',
    '/etc/exim.conf:5:14: warning: missing } in "${foo"',
  ],
  ['in an ACL', 'begin acl\na:\n  deny condition = ${foo\n', '/etc/exim.conf:3:20: warning: missing } in "${foo"'],
  [
    'an ACL that is not there',
    `acl_smtp_rcpt = chek\nacl_smtp_data = accept\nacl_smtp_mail = /etc/acl\nbegin acl\ncheck:\n  require acl = other\n`,
    '/etc/exim.conf:1:17: warning: there is no ACL called "chek"',
    '    did you mean "check"?',
    '/etc/exim.conf:6:17: warning: there is no ACL called "other"',
    '    write an ACL "other:" in the section acl',
  ],
  [
    'quotes in a message',
    'begin acl\na:\n  deny message = "no"\n',
    '/etc/exim.conf:3:18: warning: the quotes are part of the message',
    '    write: message = no',
  ],
  [
    'a regular expression',
    'gecos_pattern = (\nhostlist h = a : ^(b\n',
    '/etc/exim.conf:1:17: warning: regular expression error: missing closing parenthesis at offset 1 while compiling (',
    '    look at: ( <-- here',
    '/etc/exim.conf:2:18: warning: regular expression error: missing closing parenthesis at offset 3 while compiling ^(b',
    '    look at: ^(b <-- here',
  ],
  [
    'a comment behind a value',
    'primary_hostname = x  # the name\ndomainlist d = a#b : ${x # y\n',
    '/etc/exim.conf:1:22: warning: a comment behind a value is part of the value',
    '    write the comment on a line of its own, and the value as: x',
    '/etc/exim.conf:2:16: warning: missing } in "a#b : ${x # y"',
  ],
  [
    'routers that no address reaches',
    'begin routers\na:\n driver = accept\n transport = t\n domains = x\nb:\n driver = accept\n transport = u\nc:\n driver = redirect\n data = x\nbegin transports\nt:\n driver = smtp\n',
    '/etc/exim.conf:8:14: warning: there is no transport called "u"',
    '    did you mean "t"?',
    '/etc/exim.conf:9:1: warning: no address reaches the router c',
    '    the router b in line 6 leaves none over',
  ],
  [
    'files that are not there',
    'tls_certificate = /etc/none\ntls_privatekey = /etc/there\ndomainlist d = lsearch;/etc/none : dsearch;/etc/there\ndomainlist e = exists{/etc/none} lsearch;/etc/none\n',
    '/etc/exim.conf:1:19: warning: /etc/none: No such file or directory',
    '    make it, or correct its name',
    '/etc/exim.conf:3:24: warning: /etc/none: No such file or directory',
    '    make it, or correct its name',
  ],
  [
    'files that are not there, in ACLs and of hosts',
    'hostlist h = net-lsearch;/etc/none\nbegin acl\na:\n  deny sender_domains = lsearch;/etc/none\n  warn message = ${readfile{/etc/none}}\n',
    '/etc/exim.conf:1:26: warning: /etc/none: No such file or directory',
    '    make it, or correct its name',
    '/etc/exim.conf:4:33: warning: /etc/none: No such file or directory',
    '    make it, or correct its name',
    '/etc/exim.conf:5:29: warning: /etc/none: No such file or directory',
    '    make it, or correct its name',
  ],
  [
    'addresses to listen on',
    'local_interfaces = <; 127.0.0.1 ; [::1]:26 ; ::1.27 ; 300.1.2.3\n',
    '/etc/exim.conf:1:20: warning: Malformed IP address "300.1.2.3" in local_interfaces',
    '    an item is an address, with a port like 192.0.2.1.587 or [2001:db8::1]:587',
  ],
  [
    'regular expressions of rules',
    'begin rewrite\n^[ $1 E\nbegin retry\n^[b * F,2h,15m\n',
    '/etc/exim.conf:2:1: warning: regular expression error: missing terminating ] for character class at offset 2 while compiling ^[',
    '    look at: ^[ <-- here',
    '/etc/exim.conf:4:1: warning: regular expression error: missing terminating ] for character class at offset 3 while compiling ^[b',
    '    look at: ^[b <-- here',
  ],
  [
    'tainted parts of file names',
    'begin routers\nr:\n driver = redirect\n file = /home/$local_part/f$domain_data\n data = $local_part\n',
    '/etc/exim.conf:4:15: warning: taint_mode = strict refuses $local_part in a file name',
    '    $local_part_data holds what a list or a check found, which may be used',
  ],
  ['what is not built', 'mua_wrapper\n', '/etc/exim.conf:1:12: not-yet: main option "mua_wrapper" is not built yet'],
];

for (const [what, text, ...lines] of cases) {
  test(`check: ${what}`, async () => {
    assert.deepEqual(await report(text), lines);
  });
}

test('check: as JSON', async () => {
  const [line = '', ...others] = await report('foo = 1\n', true);
  assert.deepEqual(others, []);
  assert.deepEqual(JSON.parse(line), {
    file: '/etc/exim.conf',
    line: 1,
    column: 1,
    severity: 'error',
    message: 'main option "foo" unknown',
    subject: 'foo',
  });
});

test('check: the status says whether something is an error', () => {
  const at = { file: 'f', line: 1, column: 1 };
  assert.equal(formatCheck([{ severity: 'warning', message: 'a', at }], false).status, 0);
  assert.equal(formatCheck([{ severity: 'error', message: 'a\n  b', at }], false).status, 1);
});
