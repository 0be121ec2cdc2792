/**
 * Compares the ACL for MIME parts with the reference program, by hand: `node test/differential/mime.ts [--exim path] [--write]` (as root). Each
 * message of `mime-cases.ts` goes through its `-bh`. With `--write` the answers go to `mime.tsv`: a case, the reference's rows, and ours where
 * they are others.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DATA_LINE, DECODED_LINE, fileRow, type JudgedParts, judgeCase, PART_LINE, shortRow } from './mime-bench.ts';
import { caseKey, type MimeCase, mimeCases } from './mime-cases.ts';

const args = process.argv.slice(2);
const exim = args.includes('--exim') ? (args[args.indexOf('--exim') + 1] ?? '') : '/usr/sbin/exim4';
const user = 'Debian-exim';

const configuration = (spool: string) => `exim_user = ${user}
primary_hostname = h.test
spool_directory = ${spool}
log_file_path = ${spool}/%slog
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
acl_smtp_mime = acl_mime
keep_environment =
begin acl
acl_rcpt:
  accept set acl_m_decode = $local_part
acl_mime:
  warn logwrite = ${PART_LINE}
  warn condition = \${if or{{eq{$acl_m_decode}{all}}{and{{eq{$acl_m_decode}{leaf}}{!bool{$mime_is_multipart}}}}}}
    control = no_mbox_unspool
    decode = default
    logwrite = ${DECODED_LINE}
  accept
acl_data:
  accept logwrite = ${DATA_LINE}
`;

const spool = mkdtempSync(join(tmpdir(), 'mime-'));
const id = (option: string) => Number(spawnSync('id', [option, user]).stdout.toString());
chownSync(spool, id('-u'), id('-g'));
const file = join(spool, 'conf');
writeFileSync(file, configuration(spool));
const lines: string[] = [];
let differences = 0;
for (const mimeCase of mimeCases) {
  const theirs = asCells(askReference(mimeCase));
  const ours = asCells(await judgeCase(mimeCase));
  if (ours !== theirs) {
    differences++;
    console.log(`${caseKey(mimeCase)}\n  reference ${theirs}\n  ours      ${ours}`);
  }
  lines.push([JSON.stringify(caseKey(mimeCase)), theirs, ...(ours === theirs ? [] : [ours])].join('\t'));
}
rmSync(spool, { recursive: true });
console.log(`${mimeCases.length} messages, ${differences} differ`);
if (args.includes('--write')) writeFileSync(join(import.meta.dirname, 'mime.tsv'), `${lines.join('\n')}\n`);

function asCells({ rows, files }: JudgedParts): string {
  return JSON.stringify([...rows, ...files]);
}

function askReference({ message, decode }: MimeCase): JudgedParts {
  const data = message.replaceAll(/^\./gm, '..').replaceAll('\n', '\r\n');
  const input = `EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<${decode}@e.f>\r\nDATA\r\n${data}.\r\nQUIT\r\n`;
  const run = spawnSync(exim, ['-C', file, '-bh', '192.0.2.1'], {
    input: Buffer.from(input, 'latin1'),
    timeout: 20_000,
    maxBuffer: 1 << 28,
  });
  const log = run.stderr.toString('latin1').split('\n');
  const rows = log.filter((line) => /^LOG: [^ ]+ (?:PART|DECODED|DATA) /.test(line));
  const messageId = rows[0]?.split(' ')[1] ?? '';
  const directory = join(spool, 'scan', messageId);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const decoded = names.filter((name) => !name.endsWith('.eml')).sort();
  const files = decoded.map((name) => fileRow(name, readFileSync(join(directory, name))));
  rmSync(join(spool, 'scan'), { recursive: true, force: true });
  mkdirSync(spool, { recursive: true });
  const masked = (row: string) => row.replaceAll(messageId, 'ID');
  return { rows: rows.map((row) => masked(shortRow(row.replace(/^LOG: [^ ]+ /, ''), directory))), files: files.map(masked) };
}
