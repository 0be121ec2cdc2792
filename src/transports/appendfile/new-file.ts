/** One new file for each message: Maildir, or a plain directory. Spec ch. 26 "Operational details for delivery to a new file", "Maildir delivery". */

import { createHash } from 'node:crypto';
import type { Octets } from '../../base/octets.ts';
import { isAlnumCode } from '../../base/octets.ts';
import { withLocal } from '../../core/frame.ts';
import { untainted } from '../../core/text.ts';
import { eximErrno } from '../errno.ts';
import type { MessageFormat } from '../message-text.ts';
import { expandOption, messageOf } from '../settings.ts';
import type { AppendDelivery, Step } from './delivery.ts';
import { done, failing, isMissing, refused } from './delivery.ts';
import { checkMayFill, makeDirectories } from './directories.ts';
import { countDirectory, quotaProblem, readQuota } from './quota.ts';
import { writeMessage } from './write.ts';

/** Between attempts to find an unused name. */
const NAME_RETRY_MS = 2000;

export async function deliverToMaildir(delivery: AppendDelivery, format: MessageFormat): Promise<Step<void>> {
  const { set, path, batch } = delivery;
  const { files } = batch.services;
  const ready = prepareMaildir(delivery);
  if (ready.kind !== 'ok') return ready;
  const name = await unusedName(delivery);
  if (name.kind !== 'ok') return name;
  const temporary = `${path}/tmp/${name.value}`;
  const full = await checkQuota(delivery, `tmp/${name.value}`);
  if (full.kind !== 'ok') return full;
  const opened = files.open(temporary, 'create-exclusive', set.mode, true);
  if (opened.kind === 'error') return refused(opened, `while creating file ${temporary}`);
  opened.value.chmod(set.mode);
  const written = await writeMessage(opened.value, format, batch.until);
  opened.value.close();
  if (written.kind !== 'ok') {
    files.unlink(temporary);
    return written;
  }
  const tag = await readTag(delivery, written.value);
  if (tag.kind !== 'ok') {
    files.unlink(temporary);
    return tag;
  }
  return rename(temporary, `${path}/new`, lastingName(delivery), tag.value, delivery);
}

/**
 * The name in new/, the same for every delivery of this message to these addresses: one that is repeated, since a crash kept the spool from
 * saying that it was done, takes the place of the first instead of standing beside it. When it arrived, and digits that stand for both.
 */
function lastingName({ batch }: AppendDelivery): Octets {
  const { message, addresses, frame, services } = batch;
  const host = frame.config.main.primary_hostname ?? services.machine.hostName;
  const what = [message.id, ...addresses.map(({ unique }) => unique)].join('\n');
  const digits = BigInt(`0x${createHash('sha256').update(what, 'latin1').digest('hex').slice(0, 24)}`);
  return `${Math.floor(message.receivedAtMs / 1000)}.M${message.receivedUsec}P${digits}.${host}`;
}

/** A tag that makes the name too long is dropped. When nobody waits for the outcome any more, the message would be delivered again: it is left out. */
async function rename(temporary: Octets, directory: Octets, name: Octets, tag: Octets, { batch }: AppendDelivery): Promise<Step<void>> {
  const { files } = batch.services;
  if (batch.until.signal.aborted) {
    files.unlink(temporary);
    return failing({ number: eximErrno.unknown, message: 'the delivery was given up before the message was in the mailbox' });
  }
  for (const target of tag === '' ? [`${directory}/${name}`] : [`${directory}/${name}${tag}`, `${directory}/${name}`]) {
    const renamed = files.rename(temporary, target);
    if (renamed.kind === 'ok') {
      const synced = await files.fsyncDirectory(directory);
      return synced.kind === 'ok' ? done(undefined) : refused(synced, `while syncing directory ${directory}`);
    }
    if (renamed.errno !== 'ENAMETOOLONG') {
      files.unlink(temporary);
      return refused(renamed, `renaming temporary file ${temporary} as ${target}`);
    }
  }
  files.unlink(temporary);
  return failing({ number: eximErrno.unknown, message: `name of temporary file ${temporary} is too long` });
}

function prepareMaildir(delivery: AppendDelivery): Step<void> {
  const { set, path, batch } = delivery;
  const { files, regexes } = batch.services;
  const allowed = checkMayFill(delivery);
  if (allowed.kind !== 'ok') return allowed;
  for (const directory of [path, `${path}/tmp`, `${path}/new`, `${path}/cur`]) {
    const found = files.stat(directory);
    if (found.kind === 'ok') {
      if (found.value.type !== 'directory') return failing({ number: eximErrno.notRegular, message: `${directory} is not a directory` });
      continue;
    }
    if (!isMissing(found)) return refused(found, `stat() error for ${directory}: ${found.reason}`);
    if (!set.create_directory) return refused(found, `stat() error for ${directory}: ${found.reason}`);
    const made = makeDirectories(directory, set.directory_mode, files, directory);
    if (made.kind !== 'ok') return made;
  }
  if (set.maildirfolder_create_regex === undefined) return done(undefined);
  const pattern = regexes.compile(set.maildirfolder_create_regex);
  if (pattern.kind !== 'ok')
    return failing({
      number: eximErrno.unknown,
      message: `appendfile: regular expression error: ${pattern.message} at offset ${pattern.offset} while compiling ${set.maildirfolder_create_regex}`,
    });
  if (pattern.regex.match(path).kind !== 'match' || files.stat(`${path}/maildirfolder`).kind === 'ok') return done(undefined);
  const opened = files.open(`${path}/maildirfolder`, 'create', 0o600, true);
  if (opened.kind === 'error') return refused(opened, `failed to create ${path}/maildirfolder`);
  opened.value.close();
  return done(undefined);
}

/** For tmp/: seconds, microseconds, pid and host name; nothing of that name may be there. */
async function unusedName({ set, path, batch }: AppendDelivery): Promise<Step<Octets>> {
  const { clock, files, machine } = batch.services;
  const host = batch.frame.config.main.primary_hostname ?? machine.hostName;
  let last = '';
  for (let attempt = 0; attempt < Math.max(1, set.maildir_retries); attempt++) {
    const nowUs = Math.floor(clock.now() * 1000);
    const name = `${Math.floor(nowUs / 1_000_000)}.M${nowUs % 1_000_000}P${machine.pid}.${host}`;
    last = name;
    const found = files.lstat(`${path}/tmp/${name}`);
    if (found.kind === 'error' && isMissing(found)) return done(name);
    if (found.kind === 'error' && !isMissing(found)) return refused(found, `while creating file ${path}/tmp/${name}`);
    await clock.sleep(attempt === 0 ? 1 : NAME_RETRY_MS, batch.until);
  }
  return failing({ number: eximErrno.unknown, message: `failed to open ${path}/tmp/${last} (${set.maildir_retries} tries)` });
}

/** `$message_size` is what was written. A forced failure drops the tag. */
async function readTag({ set, batch }: AppendDelivery, bytes: number): Promise<Step<Octets>> {
  const expanded = await expandOption(set.maildir_tag, withLocal(batch.frame, 'message_size', untainted(String(bytes))));
  if (expanded.kind !== 'ok')
    return failing({
      number: eximErrno.expansion,
      message: `Expansion of "${set.maildir_tag?.source ?? ''}" (maildir_tag for ${batch.instance.name} transport) failed: ${messageOf(expanded)}`,
    });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is left out
  const tag = (expanded.value?.octets ?? '').replace(/[\x00-\x1f\x7f/]/g, '');
  return done(tag !== '' && isAlnumCode(tag.charCodeAt(0)) ? `:${tag}` : tag);
}

async function checkQuota(delivery: AppendDelivery, name: Octets): Promise<Step<void>> {
  const quota = await readQuota(delivery);
  if (quota.kind !== 'ok' || quota.value.bytes === 0) return quota.kind === 'ok' ? done(undefined) : quota;
  const current = await countDirectory(delivery);
  if (current.kind !== 'ok') return current;
  return quotaProblem(delivery, quota.value, current.value, name, lastReadMs(delivery));
}

/** Since when mail in the Maildir was not read: the time of `new`. */
function lastReadMs({ path, batch }: AppendDelivery): number {
  const found = batch.services.files.stat(`${path}/new`);
  return found.kind === 'ok' ? batch.services.clock.now() - found.value.mtimeMs : 0;
}

/** A plain directory: written under a temporary name, then named by `directory_file`. */
export async function deliverToDirectory(delivery: AppendDelivery, format: MessageFormat): Promise<Step<void>> {
  const { set, path, batch } = delivery;
  const { files } = batch.services;
  const allowed = checkMayFill(delivery);
  if (allowed.kind !== 'ok') return allowed;
  const found = files.stat(path);
  if (found.kind === 'error') {
    if (!isMissing(found) || !set.create_directory) return refused(found, `stat() error for ${path}: ${found.reason}`);
    const made = makeDirectories(path, set.directory_mode, files, path);
    if (made.kind !== 'ok') return made;
  }
  const full = await checkQuota(delivery, path);
  if (full.kind !== 'ok') return full;
  const temporary = `${path}/temp.${batch.services.machine.pid}.${batch.frame.config.main.primary_hostname ?? batch.services.machine.hostName}.${batch.message.id}`;
  const opened = files.open(temporary, 'create-exclusive', set.mode, true);
  if (opened.kind === 'error') return refused(opened, `while creating file ${temporary}`);
  opened.value.chmod(set.mode);
  const facts = opened.value.facts();
  const written = await writeMessage(opened.value, format, batch.until);
  opened.value.close();
  const name = written.kind === 'ok' ? await fileName(delivery, facts.kind === 'ok' ? facts.value.inode : 0n) : written;
  if (name.kind !== 'ok') {
    files.unlink(temporary);
    return name;
  }
  return rename(temporary, path, name.value, '', delivery);
}

async function fileName({ set, batch }: AppendDelivery, inode: bigint): Promise<Step<Octets>> {
  if (set.directory_file === undefined) return failing({ number: eximErrno.unknown, message: 'directory_file is not set' });
  const expanded = await set.directory_file.evaluate(withLocal(batch.frame, 'inode', untainted(String(inode))));
  if (expanded.kind !== 'ok')
    return failing({
      number: eximErrno.expansion,
      message: `Expansion of "${set.directory_file.source}" (directory_file for ${batch.instance.name} transport) failed: ${messageOf(expanded)}`,
    });
  const name = expanded.value.octets;
  if (name === '' || name.includes('/') || name === '.' || name === '..')
    return failing({
      number: eximErrno.unknown,
      message: `directory_file for ${batch.instance.name} transport gives no usable name: "${name}"`,
    });
  return done(name);
}
