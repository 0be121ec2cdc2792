/** What the compared programs run on: a small configuration with named lists, macros and ACLs, and files to look things up in. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Written in expansions for the folder of the files; a macro of the configuration. Answers show it again in place of the folder. */
export const FOLDER_MACRO = 'DIFFDIR';

/** The whole environment of both programs. */
export const environment: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
  DIFF_VARIABLE: 'from the environment',
  DIFF_EMPTY: '',
  DIFF_HIDDEN: 'not kept',
};

function configuration(folder: string): string {
  return `${FOLDER_MACRO} = ${folder}
DIFFTEXT = macro text
primary_hostname = mail.example.com
qualify_domain = qualify.example
qualify_recipient = recipient.example
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
timezone = UTC
keep_environment = DIFF_VARIABLE : DIFF_EMPTY
never_users =
srs_secrets =
domainlist local_domains = a.example : b.example
domainlist more_domains = +local_domains : !no.c.example : *.c.example
domainlist empty_domains =
hostlist own_hosts = 192.0.2.0/24 : ::1 : !192.0.2.5
addresslist friends = a@b.example : *@c.example : ^x.*@d\\.example
localpartlist users = alice : bob : ^info-
begin acl
accepts:
  accept message = hello $acl_arg1
denies:
  deny message = no $acl_arg1/$acl_narg
defers:
  defer message = later $acl_arg2
silent:
  accept
drops:
  drop message = gone
empty:
calls:
  accept message = [\${acl{accepts}{$acl_arg2}}] $acl_arg1
`.replace(/^srs_secrets.*\n/m, '');
}

const files: Readonly<Record<string, string>> = {
  aliases: `# a comment
alice: alice@a.example
bob: bob@b.example,\\
  two@b.example
"quoted key" : quoted value
"esc\\x41ped":  escaped
empty:
multi: first
  second
  third
*@c.example: star at
*: default
a.example: exact
*.b.example: partial
.d.example: dotted
UPPER: upper key
fields: a=1 b="2 3" c=\\"4 x="5 \\"6\\""
colon\\:key: colon
`,
  plain: 'alice: no default here\nkey value\n',
  wild: '^a.c:  regular\n*.tail.example: tail\n^(x)(y): captured $1$2\nexact: exact\n*z: ends in z\n',
  networks: '192.0.2.0/24: net\n192.0.2.7: one host\n"2001:db8::/32": six\n*: any\n',
  lines: 'first line\nsecond line\n\nlast line without end',
  crlf: 'one\r\ntwo\r\n',
  octets: 'caf\xe9 \xff\x80\n',
  empty: '',
  'folder/one': 'x',
  'folder/two.txt': 'y',
};

/** Returns the path of the configuration. */
export function writeFixture(folder: string): string {
  const all = { ...files, 'exim.conf': configuration(folder) };
  for (const [name, text] of Object.entries(all)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, 'latin1');
  }
  for (const name of ['spool', 'log', 'folder/sub']) mkdirSync(join(folder, name), { recursive: true });
  return join(folder, 'exim.conf');
}
