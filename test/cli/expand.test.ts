/** `exim -be` and `-bem` as a program: arguments, lines, messages, the caller's session. What is expected is what Exim 4.96 prints. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'expand-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const configuration = join(folder, 'exim.conf');
writeFileSync(
  configuration,
  `NAME = value
primary_hostname = mail.example
qualify_domain = q.example
spool_directory = ${folder}
log_file_path = ${folder}/%slog
exim_user = ${process.getuid?.() || 65534}
exim_group = ${process.getgid?.() || 65534}
domainlist local = a.example : b.example
acl_not_smtp = check
begin acl
check:
  deny message = not looked at
`,
);
const message = join(folder, 'message');
writeFileSync(message, 'From: Some One <a@b.example>\nTo: c@d.example, e@f.example\nSubject: =?utf-8?q?w=C3=B6rld?=\n\nline 1\nline 2\n');

function run(args: readonly string[], input = ''): { readonly stdout: string; readonly stderr: string; readonly status: number | null } {
  const result = spawnSync(process.execPath, [join(root, 'scripts/exim.ts'), '-C', configuration, ...args], {
    input,
    encoding: 'latin1',
    timeout: 60_000,
  });
  return { stdout: result.stdout, stderr: result.stderr, status: result.status };
}

test('-be: arguments; lines with prompts, continuations and macros; a last line without its end', () => {
  assert.deepEqual(run(['-be', '${uc:abc}', 'NAME', '${bad', '${if match_domain{a.example}{+local}{y}{n}}']), {
    stdout: 'ABC\nvalue\nFailed: "${bad" is not a known operator (or a } is missing in a variable reference)\ny\n',
    stderr: '',
    status: 0,
  });
  const lines = ['a\\', '   ${uc:b}\\', 'c', '', '  lead  ', 'X = 1', 'X NAME', 'set acl_m_x = ${uc:abc}', '$acl_m_x', 'end'];
  const wanted = ['> aBc', '> ', '>   lead', "> Defined macro 'X'", '> 1 value', '> > ABC', '> end', '> ', ''];
  assert.equal(run(['-be'], lines.join('\n')).stdout, wanted.join('\n'));
  assert.equal(run(['-be']).stdout, '> \n');
});

test('-be: who a trusted caller says it is', { skip: process.getuid?.() !== 0 && 'only root is trusted here' }, () => {
  const origin = ['-oMa', '192.0.2.1.55', '-oMs', 'host.example', '-oMr', 'proto', '-oMt', 'ident', '-oMaa', 'auth', '-oMai', 'id'];
  const text =
    '$sender_host_address $sender_host_port $sender_host_name $received_protocol $sender_ident $sender_host_authenticated $authenticated_id';
  assert.equal(run([...origin, '-be', text]).stdout, '192.0.2.1 55 host.example proto ident auth id\n');
  assert.equal(run(['-oMi', '198.51.100.1.99', '-be', '$received_ip_address $received_port']).stdout, '198.51.100.1 99\n');
  assert.equal(run(['-f', 'x@y', '-be', '$sender_address|$authenticated_id|$received_protocol']).stdout, 'x@y||\n');
});

test('-bem: a message from a file; no ACL runs and no Received: line is added', () => {
  const text = '$h_subject:|$recipients|$body_linecount|$message_body|$h_received:|$header_from:|${sg{$message_exim_id}{\\\\w}{x}}';
  const id = 'xxxxxx-xxxxxxxxxxx-xxxx';
  assert.deepEqual(run(['-bem', message, text]), {
    stdout: `w\u00c3\u00b6rld||2|line 1 line 2 ||Some One <a@b.example>|${id}\n`,
    stderr: '',
    status: 0,
  });
  assert.equal(run(['-t', '-bem', message, '$recipients']).stdout, 'c@d.example, e@f.example\n');
  assert.equal(run(['-bem', message], '$h_to:\n').stdout, '> c@d.example, e@f.example\n> \n');
  assert.deepEqual(run(['-bem', '/no/such', 'x']), {
    stdout: '',
    stderr: 'exim: failed to open /no/such: No such file or directory\n',
    status: 1,
  });
});

test('-be: works in the spool directory', () => {
  assert.equal(run(['-be', '${if exists{./message}{${length_4:${readfile{message}}}}} ${run{/bin/pwd}}']).stdout, `From ${folder}\n\n`);
  assert.match(run(['-be', '$exim_path']).stdout, /^\/.*\/exim/);
});

test('-be: a macro that cannot be read stands where the configuration ends', () => {
  const { stdout, stderr } = run(['-be'], 'Hello world\nX = 1\nX = 2\n');
  assert.equal(stdout, "> > Defined macro 'X'\n> > \n");
  const lines = stderr.split('\n').map((line) => line.replace(/^[-0-9]+ [:0-9]+ /, ''));
  const where = `in line 12 of ${configuration}`;
  assert.deepEqual(lines, [
    `Exim configuration error ${where}:`,
    '  malformed macro definition',
    'Exim configuration error:',
    '  macro "X" is already defined (use "==" if you want to redefine it)',
    '',
  ]);
});

test('-d: a category that there is not', () => {
  const refused = { stdout: '', stderr: 'exim: unknown debug_selector setting: +nonsense\n', status: 1 };
  assert.deepEqual(run(['-d+acl+nonsense', '-be', 'x']), refused);
  assert.equal(run(['-d-all+expand', '-be', 'x']).stdout.split('\n').at(-2), 'x');
});

test('-be: what would be logged goes to stderr', () => {
  const { stdout, stderr } = run(['-be', '${dlfunc{/no/such.js}{f}}']);
  const reason = 'dlopen "/no/such.js" failed: /no/such.js: cannot open shared object file: No such file or directory';
  assert.equal(stdout, `Failed: ${reason}\n`);
  assert.equal(stderr.replace(/^\S+ \S+ /, ''), `${reason}\n`);
});
