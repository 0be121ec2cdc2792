/**
 * Configurations that use one row of the inventory each: what the program itself says of them (`eximius check`) is what counts, not a list kept by
 * hand. For rows that no registry names.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Row } from './rows.ts';

/** What is wrong with the use of each row; those without a probe are not in it. */
export function runProbes(root: string, rows: readonly Row[]): ReadonlyMap<Row, string> {
  const probes = rows.flatMap((row) => {
    const text = probeOf(row);
    return text === undefined ? [] : [{ row, text }];
  });
  const place = mkdtempSync(join(tmpdir(), 'eximius-inventory-'));
  try {
    const files = probes.map(({ text }, index) => {
      const file = join(place, `${index}.conf`);
      writeFileSync(file, text, 'latin1');
      return file;
    });
    const problems = problemsByFile(root, files);
    return new Map(probes.map(({ row }, index) => [row, problems.get(`${index}.conf`) ?? '']));
  } finally {
    rmSync(place, { recursive: true });
  }
}

function problemsByFile(root: string, files: readonly string[]): ReadonlyMap<string, string> {
  if (files.length === 0) return new Map();
  const args = [join(root, 'scripts/exim.ts'), '--called-as=eximius', 'check', '--json', ...files];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'latin1', maxBuffer: 1 << 26 });
  if (status !== 0 && status !== 1) throw new Error(`eximius check ended with ${status}: ${stderr}`);
  const result = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    if (line === '') continue;
    const { file, severity, message } = JSON.parse(line) as { file: string; severity: string; message: string };
    if (severity !== 'warning') result.set(basename(file), message);
  }
  return result;
}

function probeOf({ kind, form }: Row): string | undefined {
  const word = form.replace(/^control = /, '').split(/[ /=]/)[0] ?? '';
  switch (kind) {
    case 'acl verb':
      return aclText('rcpt', form, '');
    case 'callout option':
      return aclText('rcpt', 'accept', `verify = recipient/callout=${OPTION_VALUES.get(form) ?? form}`);
    case 'quota-verify option':
      return aclText('rcpt', 'accept', `verify = recipient/quota=${OPTION_VALUES.get(form) ?? form}`);
    case 'ratelimit option':
      return aclText('rcpt', 'accept', `ratelimit = 10 / 1h / ${OPTION_VALUES.get(form) ?? form}`);
    case 'acl condition':
      return word === 'verify' ? aclText(VERIFY_PHASES.get(form.split(/[ /]/)[2] ?? '') ?? 'rcpt', 'accept', verifyText(form)) : undefined;
    case 'retry algorithm':
      return `begin retry\n* * ${form === 'F' ? 'F,1h,1m' : `${form},1h,1m,1.5`}\n`;
    case 'retry error name':
      return `begin retry\n* ${form.replace('4xx', '4xx').replace('<time>', '3d')} F,1h,1m\n`;
    case 'rewrite flag':
      return `begin rewrite\n${form === 'S' ? '^x' : '*@a.example'} $1@b.example ${form}\n`;
    case 'config reader':
      return READER_TEXTS.get(form);
    case 'list-match result':
      return aclText('rcpt', 'accept', `${form} = x.example\n  condition = \${if eq{$${LIST_RESULTS.get(form) ?? ''}}{x}}`);
    case 'mailbox format':
      return `begin transports\nt:\n  driver = appendfile\n  directory = /var/mail/x\n${MAILBOX_OPTIONS.get(form) ?? ''}`;
    default:
      return undefined;
  }
}

function aclText(phase: string, verb: string, condition: string): string {
  return `acl_smtp_${phase} = a\nbegin acl\na:\n  ${verb} ${condition}\n`;
}

function verifyText(form: string): string {
  return form.replace(/\/<options>$/, '').replace('<address>', 'x@y.example');
}

const VERIFY_PHASES: ReadonlyMap<string, string> = new Map(
  ['header_names_ascii', 'header_sender', 'header_syntax', 'not_blind'].map((name) => [name, 'data']),
);

const OPTION_VALUES: ReadonlyMap<string, string> = new Map([
  ['<a time interval>', '10s'],
  ['connect = <time interval>', 'connect=10s'],
  ['mailfrom = <email address>', 'mailfrom=a@b.example'],
  ['maxwait = <time interval>', 'maxwait=10s'],
  ['postmaster_mailfrom = <email address>', 'postmaster_mailfrom=a@b.example'],
  ['cacheneg = <time interval>', 'cacheneg=10s'],
  ['cachepos = <time interval>', 'cachepos=10s'],
  ['count', 'per_rcpt/count=1'],
  ['unique', 'per_rcpt/unique=x'],
]);

const LIST_RESULTS: ReadonlyMap<string, string> = new Map([
  ['domains', 'domain_data'],
  ['hosts', 'host_data'],
  ['local_parts', 'local_part_data'],
  ['recipients', 'recipient_data'],
  ['senders', 'sender_data'],
]);

const MAILBOX_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['maildir', '  maildir_format\n'],
  ['maildir++(quota)', '  maildir_format\n  quota = 10M\n  maildir_use_size_file\n'],
  ['mailstore', '  mailstore_format\n'],
  ['mbx', '  mbx_format\n'],
]);

const READER_TEXTS: ReadonlyMap<string, string> = new Map([
  ['.ifdef', '.ifdef X\n.endif\n'],
  ['.ifndef', '.ifndef X\n.endif\n'],
  ['.elifdef', '.ifdef X\n.elifdef Y\n.endif\n'],
  ['.elifndef', '.ifdef X\n.elifndef Y\n.endif\n'],
  ['.else', '.ifdef X\n.else\n.endif\n'],
  ['.endif', '.ifdef X\n.endif\n'],
  ['.include', '.include /dev/null\n'],
  ['.include_if_exists', '.include_if_exists /nonexistent\n'],
  ['builtin-macros(_HAVE_*,_DRIVER_*,_OPT_*,_LOG_*,_ACL_*)', '.ifndef _DRIVER_ROUTER_ACCEPT\nbad\n.endif\n'],
  ['comments', '# comment\n'],
  ['continuation-backslash', 'primary_hostname = \\\n  x.example\n'],
  ['hide-prefix', 'hide primary_hostname = x.example\n'],
  ['list-separator-change(<;)', 'trusted_users = <; root ; root\n'],
  ['macro-append', 'X = a\nX == X b\nprimary_hostname = X\n'],
  ['macro-define', 'X = a\nprimary_hostname = X\n'],
  ['macro-redefine(==)', 'X = a\nX == b\nprimary_hostname = X\n'],
  [
    'named-lists(domainlist,hostlist,addresslist,localpartlist)',
    'domainlist a = x\nhostlist b = y\naddresslist c = z\nlocalpartlist d = w\n',
  ],
  ['number-suffix(K,M,G)', 'message_size_limit = 1M\nheader_maxsize = 2K\n'],
  ['octal', 'begin transports\nt:\n  driver = appendfile\n  file = /x\n  mode = 0600\n'],
  ['quoted-strings', 'primary_hostname = "x\\.example"\n'],
  ['section-headings', 'begin acl\nbegin routers\n'],
  ['time-format', 'timeout_frozen_after = 1w2d3h4m5s\n'],
]);
