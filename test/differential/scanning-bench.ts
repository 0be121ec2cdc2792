/** Puts one case of `scanning-cases.ts` to a program: the daemons, a message over `-bs`, and what is in logs, replies and requests, masked. */
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { runOurs } from './acl/bench.ts';
import type { ScanCase } from './scanning-cases.ts';
import { ScriptedDaemon } from './scanning-daemon.ts';

export interface ScanAnswer {
  /** Of the main log, `PANIC` where the panic log has them too, and replies that refuse. */
  readonly rows: readonly string[];
  /** What each daemon was sent. */
  readonly requests: readonly string[];
}

export interface Owner {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

const SPAM = '<$spam_score> <$spam_score_int> <$spam_bar> <$spam_action> <$spam_report>';
const FOUND_LINE = `<$malware_name> ${SPAM} <$callout_address>`;

function configuration(folder: string, option: string, condition: string, acl: string | undefined, owner: Owner | undefined): string {
  return `${owner === undefined ? '' : `exim_user = ${owner.user}\n`}primary_hostname = h.test
spool_directory = ${folder}
log_file_path = ${folder}/%slog
log_selector = -all
${option}
acl_smtp_rcpt = accept
acl_smtp_data = acl_data
keep_environment =
begin acl
acl_data:
  ${acl ?? `deny ${condition}\n    message = FOUND ${FOUND_LINE}`}
  deny message = CLEAN ${FOUND_LINE}
`;
}

const INPUT = 'EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: s\r\n\r\nbody\r\n.\r\nQUIT\r\n';

/** `owner`: whose the spool is, when the program changes to that user. */
export async function askProgram(run: typeof runOurs, scanCase: ScanCase, owner?: Owner): Promise<ScanAnswer> {
  const folder = mkdtempSync(join(tmpdir(), 'scanning-'));
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const daemons = scanCase.daemons.map((script) => new ScriptedDaemon(script));
  try {
    for (const [index, daemon] of daemons.entries()) await daemon.listen(scanCase.isLocal === true ? join(folder, `d${index}`) : undefined);
    const place = (text: string) =>
      text.replaceAll(/P(?:ORT|ATH)([0-9])/g, (_, digit: string) => daemons[Number(digit)]?.place ?? join(folder, `d${digit}`));
    const file = join(folder, 'conf');
    writeFileSync(file, configuration(folder, place(scanCase.option), place(scanCase.condition), scanCase.acl, owner), 'latin1');
    const { stdout } = await run(file, ['-bs'], INPUT);
    const places = daemons.map((daemon) => daemon.place);
    for (const daemon of daemons) await daemon.close();
    return masked(folder, places, stdout, daemons);
  } finally {
    for (const daemon of daemons) await daemon.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function masked(folder: string, places: readonly string[], stdout: string, daemons: readonly ScriptedDaemon[]): ScanAnswer {
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'latin1') : '');
  const lines = (name: string) => read(name).split('\n').filter(Boolean).map(withoutTime);
  const panic = lines('paniclog');
  const rows = lines('mainlog').filter((row) => !row.includes('rejected after DATA'));
  const replies = stdout.split('\r\n').filter((line) => /^[45]/.test(line));
  const requests = daemons.map(({ received }) => received);
  const id = ID.exec([stdout, ...rows, ...requests].join('\n'))?.[1] ?? 'no id';
  const mask = (text: string): string => {
    let made = text
      .replaceAll(id, 'ID')
      .replace(/[^]{4}From MAILER-DAEMON [^]*?\nbody\n/g, 'SIZE MESSAGE')
      .replace(/[^](?=\/[^\n]*\/scan\/[^\n]*\0)/, 'L')
      .replace(/Queue-Id: \S+/, 'Queue-Id: ID')
      .replace(/Content-length: [0-9]+/g, 'Content-length: N');
    for (const [index, place] of places.entries()) made = made.replaceAll(place, place.startsWith('/') ? `PATH${index}` : `PORT${index}`);
    return made.replaceAll(folder, 'SPOOL');
  };
  return {
    rows: [...rows.map((row) => `${panic.includes(row) ? 'PANIC' : 'LOG'} ${row}`), ...replies].map(mask),
    requests: requests.map(mask),
  };
}

const ID = /scan\/([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})/;

function withoutTime(line: string): string {
  return line.replace(/^\S+ \S+ (?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} )?/, '');
}
