/** Appending to a single file, under all its locks. Spec ch. 26 "Operational details for appending". */
import type { Octets } from '../../base/octets.ts';
import type { FileFacts, OpenFile } from '../../core/ports.ts';
import { eximErrno } from '../errno.ts';
import type { MessageFormat } from '../message-text.ts';
import type { AppendDelivery, Step } from './delivery.ts';
import { done, failing, isMissing, refused } from './delivery.ts';
import { checkMayCreateFile, makeDirectories, parentOf } from './directories.ts';
import { takeLockFile } from './lock-file.ts';
import { quotaProblem, readQuota } from './quota.ts';
import { writeMessage } from './write.ts';

/** How often "exists" and "does not exist" may alternate before the message is frozen. */
const MAX_RACES = 10;
/** A waiting lock is looked at this often. */
const LOCK_POLL_MS = 100;

export async function appendToFile(delivery: AppendDelivery, format: MessageFormat): Promise<Step<void>> {
  const { set, path, batch } = delivery;
  if (set.create_directory) {
    const made = makeParent(delivery);
    if (made.kind !== 'ok') return made;
  }
  if (!set.use_lockfile) return openAndAppend(delivery, format);
  const lock = await takeLockFile(delivery);
  if (lock.kind !== 'ok') return lock;
  try {
    return await openAndAppend(delivery, format);
  } finally {
    const removed = batch.services.files.unlink(lock.value);
    if (removed.kind === 'error') batch.services.log.main(`failed to remove lock file of ${path}: ${removed.reason}`, batch.message.id);
  }
}

function makeParent(delivery: AppendDelivery): Step<void> {
  const { set, path, batch } = delivery;
  const parent = parentOf(path);
  const found = batch.services.files.stat(parent === '' ? '/' : parent);
  if (found.kind === 'ok') return done(undefined);
  if (!isMissing(found)) return refused(found, `stat() error for ${parent}: ${found.reason}`);
  const allowed = checkMayCreateFile(delivery);
  return allowed.kind === 'ok' ? makeDirectories(parent, set.directory_mode, batch.services.files, path) : allowed;
}

async function openAndAppend(delivery: AppendDelivery, format: MessageFormat): Promise<Step<void>> {
  const { set, path, batch } = delivery;
  const { clock } = batch.services;
  const timeoutMs = set.lock_fcntl_timeout * 1000;
  const attempts =
    timeoutMs > 0 ? Math.ceil((Math.max(1, set.lock_retries) * set.lock_interval * 1000) / timeoutMs) : Math.max(1, set.lock_retries);
  for (let attempt = 0; attempt < Math.max(1, attempts); attempt++) {
    const opened = openMailbox(delivery);
    if (opened.kind !== 'ok') return opened;
    const file = opened.value;
    try {
      const locked = set.use_fcntl_lock ? await lock(file, timeoutMs, delivery) : 'ok';
      if (locked === 'ok') return await append(file, delivery, format);
      if (typeof locked === 'object') return locked;
    } finally {
      file.close();
    }
    if (timeoutMs === 0) await clock.sleep(set.lock_interval * 1000, batch.until);
    if (batch.until.signal.aborted) break;
  }
  return failing({ number: eximErrno.lockFailed, message: `failed to lock mailbox ${path} (fcntl/flock)` });
}

/** With `lock_fcntl_timeout` it waits, else it looks once. */
async function lock(file: OpenFile, timeoutMs: number, { batch, path }: AppendDelivery): Promise<'ok' | 'locked' | Step<never>> {
  const { clock } = batch.services;
  const endMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const result = file.lock('exclusive', 0, 0);
    if (result === 'ok') return 'ok';
    if (result === 'unsupported') return 'ok'; // without native calls the lock file alone protects the mailbox (DESIGN 3.8)
    if (typeof result === 'object') return refused(result, `failed to lock mailbox ${path} (fcntl/flock)`);
    if (clock.monotonicMs() >= endMs || batch.until.signal.aborted) return 'locked';
    await clock.sleep(LOCK_POLL_MS, batch.until);
  }
}

/** Opens the existing mailbox or makes it; both tests are repeated when it appears or vanishes in between. */
function openMailbox(delivery: AppendDelivery): Step<OpenFile> {
  const { path, batch } = delivery;
  const { files } = batch.services;
  for (let race = 0; race < MAX_RACES; race++) {
    const found = files.lstat(path);
    if (found.kind === 'error' && !isMissing(found)) return refused(found, `attempting to stat mailbox ${path}`);
    const opened = found.kind === 'ok' ? openExisting(delivery, found.value) : createNew(delivery);
    if (opened.kind !== 'ok' || opened.value !== undefined)
      return opened.kind === 'ok' && opened.value !== undefined ? done(opened.value) : (opened as Step<never>); // an undefined value does not get here
  }
  return failing({ isFreeze: true, number: eximErrno.unknown, message: `existence of mailbox ${path} changes: message frozen` });
}

/** Undefined: it has vanished. */
function openExisting(delivery: AppendDelivery, link: FileFacts): Step<OpenFile | undefined> {
  const { set, path, batch } = delivery;
  const { files } = batch.services;
  let facts = link;
  if (link.type === 'symlink') {
    const wrong = ownerProblem(delivery, link, `${path} (symlink)`);
    if (wrong !== undefined) return wrong;
    if (!set.allow_symlink) return failing({ number: eximErrno.notRegular, message: `mailbox ${path} is a symbolic link` });
    const target = files.stat(path);
    if (target.kind === 'error') return isMissing(target) ? createNew(delivery) : refused(target, `attempting to stat mailbox ${path}`);
    facts = target.value;
  }
  const problem = ownerProblem(delivery, facts, path) ?? typeProblem(facts, path) ?? modeProblem(delivery, facts);
  if (problem !== undefined) return problem;
  const opened = files.open(path, 'append', set.mode, !set.allow_symlink);
  if (opened.kind === 'error') return isMissing(opened) ? done(undefined) : refused(opened, `while opening mailbox ${path}`);
  const now = opened.value.facts();
  if (
    now.kind === 'ok' &&
    now.value.inode === facts.inode &&
    now.value.device === facts.device &&
    now.value.type === 'file' &&
    now.value.uid === facts.uid
  ) {
    return done(opened.value);
  }
  opened.value.close();
  return failing({ isFreeze: true, number: eximErrno.unknown, message: `opened mailbox ${path} inode number changed: message frozen` });
}

function ownerProblem({ set, batch }: AppendDelivery, facts: FileFacts, path: Octets): Step<never> | undefined {
  const { machine } = batch.services;
  const uid = machine.effectiveUid();
  const gid = machine.effectiveGid();
  if (set.check_owner && facts.uid !== uid)
    return failing({ number: eximErrno.wrongOwner, message: `mailbox ${path} has wrong uid (${facts.uid} != ${uid})` });
  if (set.check_group && facts.gid !== gid)
    return failing({ number: eximErrno.wrongOwner, message: `mailbox ${path} has wrong gid (${facts.gid} != ${gid})` });
  return undefined;
}

function typeProblem(facts: FileFacts, path: Octets): Step<never> | undefined {
  if (facts.type !== 'file') return failing({ number: eximErrno.notRegular, message: `mailbox ${path} is not a regular file` });
  return facts.links > 1
    ? failing({ number: eximErrno.notRegular, message: `mailbox ${path} has too many links (${facts.links})` })
    : undefined;
}

/** Wider permissions are reduced; narrower ones defer, unless `no_mode_fail_narrower`. */
function modeProblem({ set, path, batch }: AppendDelivery, facts: FileFacts): Step<never> | undefined {
  const wanted = batch.addresses[0]?.state.fileMode ?? set.mode;
  const mode = facts.mode & 0o7777;
  if (mode === wanted) return undefined;
  const isForced = batch.addresses[0]?.state.fileMode !== undefined;
  if (mode < wanted && !isForced) {
    if (!set.mode_fail_narrower) return undefined;
    return failing({
      number: eximErrno.wrongMode,
      message: `mailbox ${path} has the wrong mode ${mode.toString(8)} (${wanted.toString(8)} expected)`,
    });
  }
  const changed = batch.services.files.chmod(path, wanted);
  return changed.kind === 'ok' ? undefined : refused(changed, `attempting to chmod mailbox ${path}`);
}

/** Undefined: it exists now. */
function createNew(delivery: AppendDelivery): Step<OpenFile | undefined> {
  const { set, path, batch } = delivery;
  if (set.file_must_exist)
    return failing({
      number: 2,
      reason: 'No such file or directory',
      message: `mailbox ${path} does not exist, but file_must_exist is set`,
    });
  const allowed = checkMayCreateFile(delivery);
  if (allowed.kind !== 'ok') return allowed;
  const mode = batch.addresses[0]?.state.fileMode ?? set.mode;
  const opened = batch.services.files.open(path, set.allow_symlink ? 'read-write-create' : 'create-exclusive', mode, !set.allow_symlink);
  if (opened.kind === 'error') return opened.errno === 'EEXIST' ? done(undefined) : refused(opened, `while creating mailbox ${path}`);
  opened.value.chmod(mode);
  return done(opened.value);
}

/** What could not be written whole is taken away again. */
async function append(file: OpenFile, delivery: AppendDelivery, format: MessageFormat): Promise<Step<void>> {
  const { path, batch } = delivery;
  const before = file.facts();
  if (before.kind === 'error') return refused(before, `attempting to stat mailbox ${path}`);
  const quota = await readQuota(delivery);
  if (quota.kind !== 'ok') return quota;
  const full = quotaProblem(
    delivery,
    quota.value,
    { bytes: before.value.sizeBytes, files: 0 },
    path,
    batch.services.clock.now() - before.value.atimeMs,
  );
  if (full.kind !== 'ok') return full;
  const written = await writeMessage(file, format, batch.until);
  if (written.kind === 'ok') return before.value.sizeBytes === 0 ? syncName(delivery) : done(undefined);
  file.truncate(before.value.sizeBytes);
  return written;
}

/** A mailbox that is new must have its name when the machine comes back. Where the user may not read the directory nobody can see to that. */
async function syncName({ path, batch }: AppendDelivery): Promise<Step<void>> {
  const directory = parentOf(path);
  const synced = await batch.services.files.fsyncDirectory(directory === '' ? '/' : directory);
  if (synced.kind === 'ok' || synced.errno === 'EACCES' || synced.errno === 'EPERM') return done(undefined);
  return refused(synced, `while syncing directory ${directory}`);
}
