/** Quotas of mailboxes and directories. Spec ch. 26 `quota`, `quota_filecount`, `quota_directory`. */
import type { Octets } from '../../base/octets.ts';
import type { Template } from '../../core/config.ts';
import type { Files } from '../../core/ports.ts';
import { eximErrno } from '../errno.ts';
import { expandOption, messageOf, parseSize } from '../settings.ts';
import type { AppendDelivery, Step } from './delivery.ts';
import { done, failing } from './delivery.ts';
import { parentOf } from './directories.ts';

export interface Quota {
  /** 0: no limit. */
  readonly bytes: number;
  readonly files: number;
  /** `/no_check`: only counted. */
  readonly isChecked: boolean;
}

export async function readQuota({ set, batch }: AppendDelivery): Promise<Step<Quota>> {
  const bytes = await readLimit(set.quota, 'quota', batch);
  if (bytes.kind !== 'ok') return bytes;
  const files = await readLimit(set.quota_filecount, 'quota_filecount', batch);
  if (files.kind !== 'ok') return files;
  return done({ bytes: bytes.value.limit, files: bytes.value.limit > 0 ? files.value.limit : 0, isChecked: bytes.value.isChecked });
}

async function readLimit(
  template: Template | undefined,
  name: Octets,
  batch: AppendDelivery['batch'],
): Promise<Step<{ readonly limit: number; readonly isChecked: boolean }>> {
  const expanded = await expandOption(template, batch.frame);
  if (expanded.kind !== 'ok')
    return failing({
      number: eximErrno.expansion,
      message: `Expansion of "${template?.source ?? ''}" in ${batch.instance.name} transport failed: ${messageOf(expanded)}`,
    });
  if (expanded.value === undefined) return done({ limit: 0, isChecked: true });
  const [size = '', ...modifiers] = expanded.value.octets.split('/');
  const limit = size === '' ? 0 : parseSize(size);
  if (limit === undefined)
    return failing({
      number: eximErrno.expansion,
      message: `Malformed value "${expanded.value.octets}" (expansion of "${template?.source ?? ''}") in ${batch.instance.name} transport (${name})`,
    });
  return done({ limit, isChecked: !modifiers.some((modifier) => modifier.replace(/[ \t]/g, '') === 'no_check') });
}

/** Whether the mailbox is full, for a message of the size that its sender said. Nothing is made or changed. */
export async function checkMailboxQuota(delivery: AppendDelivery, isFile: boolean): Promise<Step<void>> {
  const quota = await readQuota(delivery);
  if (quota.kind !== 'ok') return quota;
  if (quota.value.bytes === 0) return done(undefined);
  const current = isFile ? fileSize(delivery) : await countDirectory(delivery);
  return current.kind === 'ok' ? quotaProblem(delivery, quota.value, current.value, delivery.path, 0) : current;
}

function fileSize({ path, batch }: AppendDelivery): Step<{ readonly bytes: number; readonly files: number }> {
  const found = batch.services.files.stat(path);
  return done({ bytes: found.kind === 'ok' ? found.value.sizeBytes : 0, files: 0 });
}

/** Undefined: the message fits. `current` is what is there without it. */
export function quotaProblem(
  { set, messageBytes }: AppendDelivery,
  quota: Quota,
  current: { readonly bytes: number; readonly files: number },
  path: Octets,
  readMs: number,
): Step<void> {
  if (!quota.isChecked) return done(undefined);
  const size = current.bytes + (set.quota_is_inclusive ? messageBytes : 0);
  const more = Math.max(0, Math.floor(readMs / 1000));
  const error = { name: 'quota', detail: '', more };
  if (quota.bytes > 0 && size > quota.bytes) {
    return failing({ number: eximErrno.quota, error, message: `mailbox is full (MTA-imposed quota exceeded while writing to ${path})` });
  }
  if (quota.files > 0 && current.files + (set.quota_is_inclusive ? 1 : 0) > quota.files) {
    return failing({
      number: eximErrno.quota,
      error,
      message: `mailbox is full (MTA-imposed filecount quota exceeded while writing to ${path})`,
    });
  }
  return done(undefined);
}

/** How deep directories are counted. */
const MAX_DEPTH = 20;

/** All files in and below the directory that counts: `quota_directory`, the parent of a maildirfolder, or the directory itself. */
export async function countDirectory(delivery: AppendDelivery): Promise<Step<{ readonly bytes: number; readonly files: number }>> {
  const { set, batch, path } = delivery;
  const { files, regexes } = batch.services;
  const external = await expandOption(set.mailbox_size, batch.frame);
  if (external.kind !== 'ok')
    return failing({
      number: eximErrno.expansion,
      message: `Expansion of "${set.mailbox_size?.source ?? ''}" in ${batch.instance.name} transport failed: ${messageOf(external)}`,
    });
  if (external.value !== undefined) return done({ bytes: parseSize(external.value.octets) ?? 0, files: 0 });
  const directory = await expandOption(set.quota_directory, batch.frame);
  if (directory.kind !== 'ok')
    return failing({
      number: eximErrno.expansion,
      message: `Expansion of "${set.quota_directory?.source ?? ''}" in ${batch.instance.name} transport failed: ${messageOf(directory)}`,
    });
  const isFolder = set.maildir_format && files.stat(`${path}/maildirfolder`).kind === 'ok';
  const top = directory.value?.octets ?? (isFolder ? parentOf(path) : path);
  const pattern = set.quota_size_regex === undefined ? undefined : regexes.compile(set.quota_size_regex);
  const sizeOf = (name: Octets): number | undefined => {
    if (pattern?.kind !== 'ok') return undefined;
    const match = pattern.regex.match(name);
    return match.kind === 'match' && match.captures[1] !== undefined ? parseSize(match.captures[1]) : undefined;
  };
  return done(count(top, files, sizeOf, 0));
}

function count(
  directory: Octets,
  files: Files,
  sizeOf: (name: Octets) => number | undefined,
  depth: number,
): { readonly bytes: number; readonly files: number } {
  const names = files.list(directory);
  if (names.kind === 'error' || depth > MAX_DEPTH) return { bytes: 0, files: 0 };
  let bytes = 0;
  let number = 0;
  for (const name of names.value) {
    const known = sizeOf(name);
    if (known !== undefined) {
      bytes += known;
      number++;
      continue;
    }
    const found = files.lstat(`${directory}/${name}`);
    if (found.kind === 'error') continue;
    if (found.value.type === 'directory') {
      const inner = count(`${directory}/${name}`, files, sizeOf, depth + 1);
      bytes += inner.bytes;
      number += inner.files;
    } else if (found.value.type === 'file') {
      bytes += found.value.sizeBytes / Math.max(1, found.value.links);
      number++;
    }
  }
  return { bytes, files: number };
}
