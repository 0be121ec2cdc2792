/** Runs the ACL for MIME parts on a message in memory and tells what it sees, in the form in which the reference program's log is read (`mime.ts`). */
import { createHash } from 'node:crypto';
import decode from '../../src/acl/conditions/decode.ts';
import { bytesFromOctets, printable } from '../../src/base/octets.ts';
import { removeScanCopy } from '../../src/checks/scan/scan-copy.ts';
import type { AclContext, AclVerdict, Frame, Services, Session } from '../../src/core/index.ts';
import { ok } from '../../src/core/outcome.ts';
import { untainted } from '../../src/core/text.ts';
import mimeVariables from '../../src/expand/variables/mime.ts';
import { splitHeaderLines } from '../../src/message/header.ts';
import { bodyOf } from '../../src/receive/fakes.ts';
import { judgeMimeParts, type PartsVerdict } from '../../src/receive/mime-acl.ts';
import { newTransaction } from '../../src/receive/transaction.ts';
import { MemoryFiles } from '../../src/system/fakes/files.ts';
import { FakeLog } from '../../src/system/fakes/log.ts';
import { constantTemplate, fakeServices, testConfig, testFrame } from '../../src/system/fakes/services.ts';
import type { MimeCase } from './mime-cases.ts';

export interface JudgedParts {
  /** What was logged, without what is unset. */
  readonly rows: readonly string[];
  /** What was decoded. */
  readonly files: readonly string[];
}

/** How the ACL logs a part, `$name` for the variables: also the reference program's configuration. */
export const PART_LINE =
  'PART $mime_part_count multi=$mime_is_multipart cover=$mime_is_coverletter attached=$mime_is_rfc822 type=<$mime_content_type> charset=<$mime_charset> encoding=<$mime_content_transfer_encoding> disposition=<$mime_content_disposition> id=<$mime_content_id> description=<${length_60:$mime_content_description}> boundary=<${length_60:$mime_boundary}> name=<${length_60:$mime_filename}>';
export const DECODED_LINE =
  'DECODED kib=$mime_content_size file=<$mime_decoded_filename> level=$mime_anomaly_level anomaly=<$mime_anomaly_text>';
export const DATA_LINE =
  'DATA $mime_part_count multi=$mime_is_multipart cover=$mime_is_coverletter attached=$mime_is_rfc822 type=<$mime_content_type> name=<$mime_filename> file=<$mime_decoded_filename> level=$mime_anomaly_level';

/** A line without what is empty or 0; `directory` is left out. */
export function shortRow(line: string, directory: string): string {
  return line.replaceAll(`${directory}/`, '').replace(/ [a-z]+=(?:<>|0)(?= |$)/g, '');
}

/** A file of the scan directory; of long ones a digest. */
export function fileRow(name: string, content: Buffer): string {
  const text = content.length > 200 ? createHash('md5').update(content).digest('hex') : JSON.stringify(content.toString('latin1'));
  return `${name} ${content.length} ${text}`;
}

export const MESSAGE_ID = '1ABCDE-00000000001-0001';

export interface PartsBench {
  readonly frame: Frame;
  readonly files: MemoryFiles;
  readonly log: FakeLog;
  /** What the ACL was asked about. */
  readonly rows: string[];
  readonly scanDirectory: string;
  judge(): Promise<PartsVerdict>;
}

/** `ask`: the ACL's answer for a part, when it is not `accept`. */
export function openPartsBench(
  { message, decode: decoded }: Pick<MimeCase, 'message' | 'decode'>,
  ask: (frame: Frame) => AclVerdict | Promise<AclVerdict> = () => ({ kind: 'accept' }),
  services: Partial<Services> = {},
): PartsBench {
  const config = testConfig({ main: { acl_smtp_mime: constantTemplate('parts') } });
  const files = new MemoryFiles();
  const { spoolDirectory } = config.startup;
  files.makeDirectory(spoolDirectory);
  const rows: string[] = [];
  const scanDirectory = `${spoolDirectory}/scan/${MESSAGE_ID}`;
  const log = new FakeLog();
  const transaction = newTransaction(1, 0);
  const { state } = transaction;
  const end = message.indexOf('\n\n');
  state.id = MESSAGE_ID;
  state.sender = 'a@b.c';
  state.headers = splitHeaderLines(end < 0 ? message : message.slice(0, end + 1));
  state.body = bodyOf(bytesFromOctets(end < 0 ? '' : message.slice(end + 2)));
  const run = async (_phase: string, _text: unknown, _args: unknown, partFrame: Frame): Promise<AclVerdict> => {
    rows.push(shortRow(rowOf(PART_LINE, partFrame), scanDirectory));
    if (decoded === 'all' || (decoded === 'leaf' && !(state.scan?.part?.isMultipart ?? false))) {
      await decodeDefault(partFrame);
      rows.push(shortRow(rowOf(DECODED_LINE, partFrame), scanDirectory));
    }
    return ask(partFrame);
  };
  const acls: Services['acls'] = { run, call: () => ok({ accepted: true, message: untainted('') }) };
  const session = { mode: 'smtp-tcp' } as Session; // of which nothing else is asked
  const frame = testFrame({ config, services: fakeServices({ files, log, acls, ...services }), session, transaction });
  return { frame, files, log, rows, scanDirectory, judge: () => judgeMimeParts(state, frame) };
}

/** Judges the message of a case, whose files are listed before they go. */
export async function judgeCase(mimeCase: MimeCase): Promise<JudgedParts> {
  const bench = openPartsBench(mimeCase);
  await bench.judge();
  bench.rows.push(shortRow(rowOf(DATA_LINE, bench.frame), bench.scanDirectory));
  const files = bench.files
    .paths(`${bench.scanDirectory}/`)
    .filter((path) => !path.endsWith('.eml') && bench.files.stat(path).kind === 'ok')
    .map((path) => fileRow(path.slice(bench.scanDirectory.length + 1), bytesFromOctets(bench.files.text(path) ?? '')))
    .map(withoutId);
  removeScanCopy(bench.frame);
  return { rows: bench.rows.map(withoutId), files };
}

function withoutId(row: string): string {
  return row.replaceAll(MESSAGE_ID, 'ID');
}

async function decodeDefault(frame: Frame): Promise<void> {
  const argument = { source: 'default', at: { file: '', line: 1, column: 1 }, template: constantTemplate('default') };
  const context = { phase: 'mime', frame } as AclContext; // of which nothing else is asked
  await decode.prepare(argument).test(untainted('default'), context);
}

/** Variables and `${length_n:$variable}` replaced, as a log shows it. */
function rowOf(line: string, frame: Frame): string {
  const value = (name: string): string => {
    const text = mimeVariables.find((variable) => variable.name === name)?.read(frame);
    return text !== undefined && 'octets' in text ? text.octets : '';
  };
  return printable(
    line.replace(/\$\{length_([0-9]+):\$([a-z0-9_]+)\}|\$([a-z0-9_]+)/g, (_, length: string, cut: string, whole: string) =>
      cut === undefined ? value(whole) : value(cut).slice(0, Number(length)),
    ),
    { escapeHigh: true },
  );
}
