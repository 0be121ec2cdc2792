/**
 * The message as scanners see it: an mbox file in a directory of its own, `scan/<id>/<id>.eml` in the spool, made when something looks into the
 * message for the first time. Spec ch. 45 "Content scanning at ACL time".
 */
import { bytesFromOctets, type Octets } from '../../base/octets.ts';
import type { Clock, ContentScan, Files, Frame, OpenFile, SystemFailure, SystemResult, TransactionState } from '../../core/index.ts';
import { defer, type Outcome, ok } from '../../core/index.ts';
import { formatCtime } from '../../message/date.ts';

const DIRECTORY_MODE = 0o750;
export const SCAN_FILE_MODE = 0o640;
/** Directories in directories that a command may have made there. */
const MAX_DEPTH = 20;
/** Beside a directory that is in use: a process that was killed leaves both. */
const MARK = '.unfinished';
const ABANDONED_MS = 3600_000;
/** What all parts of a message may come to, decoded: parts stand in parts, and each may be written with all that is in it. */
const MAX_GROWTH = 16;
const MIN_DECODED_OCTETS = 64 * 1024 * 1024;

/** Why it could not be made is in the panic log. */
export async function openScanCopy(frame: Frame): Promise<Outcome<ContentScan>> {
  const state = frame.transaction?.state;
  const id = state?.id;
  if (state === undefined || id === undefined) return defer('there is no message');
  if (state.scan !== undefined) return ok(state.scan);
  const root = `${frame.config.startup.spoolDirectory}/scan`;
  const directory = `${root}/${id}`;
  const { files, log, machine } = frame.services;
  const made = makeDirectory(root, frame) ?? makeMark(directory, files) ?? makeDirectory(directory, frame);
  if (made?.kind === 'error') {
    const who = `euid=${machine.effectiveUid()} egid=${machine.effectiveGid()}`;
    return refuse(`failed to open scan directory ${directory}: ${made.reason} (${who})`);
  }
  const messageFile = `${directory}/${id}.eml`;
  const written = await writeScanFile(messageFile, messageOctets(state, frame), frame);
  if (written.kind === 'ok') {
    state.scan = {
      directory,
      messageFile,
      partCount: -1,
      isCoverLetter: false,
      isAttachedMessage: false,
      fileNumbers: new Map(),
      octetsLeft: Math.max(MIN_DECODED_OCTETS, MAX_GROWTH * written.value),
    };
    return ok(state.scan);
  }
  removeTree(files, directory, 0);
  files.unlink(directory + MARK);
  return refuse(`Error/short write while writing message body to ${messageFile}: ${written.reason}`);

  function refuse(why: Octets): Outcome<ContentScan> {
    log.panic(why, id);
    return defer(why);
  }
}

/** When the ACLs for a message's content have run. */
export function removeScanCopy(frame: Frame): void {
  const state = frame.transaction?.state;
  if (state?.scan === undefined) return;
  const { files } = frame.services;
  const { directory } = state.scan;
  if (!state.controls.has('no_mbox_unspool')) removeTree(files, directory, 0);
  files.unlink(directory + MARK);
  state.scan = undefined;
}

/** What processes that were killed have left; copies that `control = no_mbox_unspool` keeps stay. */
export function removeAbandonedCopies(spoolDirectory: Octets, files: Files, clock: Clock): void {
  const root = `${spoolDirectory}/scan`;
  const names = files.list(root);
  for (const name of names.kind === 'ok' ? names.value : []) {
    if (!name.endsWith(MARK)) continue;
    const mark = `${root}/${name}`;
    const facts = files.lstat(mark);
    if (facts.kind !== 'ok' || clock.now() - facts.value.mtimeMs < ABANDONED_MS) continue;
    removeTree(files, mark.slice(0, -MARK.length), 0);
    files.unlink(mark);
  }
}

/** Of Exim's user, also when a command of root's makes it. */
function makeDirectory(path: Octets, frame: Frame): SystemFailure | undefined {
  const { files } = frame.services;
  const made = files.mkdir(path, DIRECTORY_MODE);
  if (made.kind === 'error') return made.errno === 'EEXIST' ? undefined : made;
  const owner = ownerOf(frame);
  const owned = owner === undefined ? made : files.chown(path, owner.uid, owner.gid);
  return owned.kind === 'error' ? owned : undefined;
}

function makeMark(directory: Octets, files: Files): SystemFailure | undefined {
  const opened = files.open(directory + MARK, 'create', SCAN_FILE_MODE);
  if (opened.kind === 'error') return opened;
  opened.value.close();
  return undefined;
}

function ownerOf({ services, config }: Frame): { readonly uid: number; readonly gid: number } | undefined {
  const { eximUid, eximGid } = config.startup;
  return services.machine.effectiveUid() === 0 ? { uid: eximUid, gid: eximGid } : undefined;
}

/** A file of the directory, or another that a part is decoded to. What was there goes. */
export async function writeScanFile(path: Octets, pieces: AsyncIterable<Buffer>, frame: Frame): Promise<SystemResult<number>> {
  const opened = frame.services.files.open(path, 'create', SCAN_FILE_MODE);
  if (opened.kind === 'error') return opened;
  const file = opened.value;
  try {
    const owner = ownerOf(frame);
    const owned = owner === undefined ? undefined : file.chown(owner.uid, owner.gid);
    return owned?.kind === 'error' ? owned : await writePieces(file, pieces);
  } finally {
    file.close();
  }
}

async function writePieces(file: OpenFile, pieces: AsyncIterable<Buffer>): Promise<SystemResult<number>> {
  let sizeBytes = 0;
  for await (const piece of pieces) {
    const written = piece.length > 65_536 ? await file.writeAsync(piece) : file.write(piece);
    if (written.kind === 'error') return written;
    sizeBytes += piece.length;
  }
  return { kind: 'ok', value: sizeBytes };
}

async function* messageOctets(state: TransactionState, { config, services, until }: Frame): AsyncGenerator<Buffer> {
  const { sender, recipients, headers, body } = state;
  const lines = [`From MAILER-DAEMON ${formatCtime(services.clock, config.main.timezone)}\n`];
  if (sender !== undefined && sender !== '') lines.push(`X-Envelope-From: <${sender}>\n`);
  if (recipients.length > 0) lines.push(`X-Envelope-To: ${recipients.map(({ address }) => address).join(', ')}\n`);
  for (const { type, text } of headers) if (type !== '*') lines.push(text);
  yield bytesFromOctets(`${lines.join('')}\n`);
  if (body !== undefined) yield* body.chunks(until);
}

function removeTree(files: Files, path: Octets, depth: number): void {
  const names = files.list(path);
  for (const name of names.kind === 'ok' ? names.value : []) {
    const child = `${path}/${name}`;
    const facts = files.lstat(child);
    if (facts.kind === 'ok' && facts.value.type === 'directory' && depth < MAX_DEPTH) removeTree(files, child, depth + 1);
    else files.unlink(child);
  }
  files.rmdir(path);
}
