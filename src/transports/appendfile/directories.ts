/** Missing directories, and where files may be made. Spec ch. 26 `create_directory`, `create_file`. */
import type { Octets } from '../../base/octets.ts';
import type { Files } from '../../core/ports.ts';
import { eximErrno } from '../errno.ts';
import type { AppendDelivery, Step } from './delivery.ts';
import { done, failing, isMissing, refused } from './delivery.ts';

/** Makes the directory and all above it that are missing. `for` names what it is made for, in messages. */
export function makeDirectories(directory: Octets, mode: number, files: Files, forPath: Octets): Step<void> {
  const missing: Octets[] = [];
  for (let path = directory; path !== '' && path !== '/'; path = parentOf(path)) {
    const found = files.stat(path);
    if (found.kind === 'ok') break;
    if (!isMissing(found)) return refused(found, `stat() error for ${path}: ${found.reason}`);
    missing.unshift(path);
  }
  for (const path of missing) {
    const made = files.mkdir(path, mode);
    if (made.kind === 'error' && made.errno !== 'EEXIST')
      return refused(made, `failed to create directories for ${forPath}: ${made.reason}`);
    if (made.kind === 'ok') files.chmod(path, mode);
  }
  return done(undefined);
}

/** Everything before the last slash. */
export function parentOf(path: Octets): Octets {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Whether `create_file` allows that a file is made in its directory. */
export function checkMayCreateFile(delivery: AppendDelivery): Step<void> {
  if (isWhereAllowed(parentOf(delivery.path), delivery)) return done(undefined);
  return notPermitted(`mailbox ${delivery.path} does not exist, but creation outside the home directory is not permitted`);
}

/** Whether `create_file` allows new files in the directory that is delivered to, which may be there or not. */
export function checkMayFill(delivery: AppendDelivery): Step<void> {
  if (isWhereAllowed(delivery.path, delivery)) return done(undefined);
  return notPermitted(`tried to create file in ${delivery.path}, but file creation outside the home directory is not permitted`);
}

function notPermitted(message: Octets): Step<never> {
  return failing({ number: eximErrno.badCreate, message });
}

function isWhereAllowed(directory: Octets, { set, home, batch }: AppendDelivery): boolean {
  const where = set.create_file ?? 'anywhere';
  if (where === 'anywhere') return true;
  const base = where.startsWith('/') ? where : home;
  if (base === undefined || base === '') return false;
  if (directory === base) return true;
  if (where === 'inhome' || !directory.startsWith(`${base}/`)) return false;
  const below = directory.slice(base.length).split('/');
  return !below.includes('..') && !leadsOut(directory, base, batch.services.files);
}

/** A symbolic link on the way may lead out of the directory. */
function leadsOut(directory: Octets, base: Octets, files: Files): boolean {
  const realBase = files.realpath(base);
  for (let existing = directory; existing.length >= base.length; existing = parentOf(existing)) {
    const real = files.realpath(existing);
    if (real.kind === 'ok') return realBase.kind !== 'ok' || !`${real.value}/`.startsWith(`${realBase.value}/`);
  }
  return false;
}
