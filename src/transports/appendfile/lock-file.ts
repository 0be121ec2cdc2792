/** A lock file made so that it also holds over NFS: a hitching post is linked to the lock's name. Spec ch. 26 "Operational details for appending". */
import type { Octets } from '../../base/octets.ts';
import { eximErrno } from '../errno.ts';
import type { AppendDelivery, Step } from './delivery.ts';
import { done, failing, refused } from './delivery.ts';

/** The path of the lock file, which the caller unlinks when the delivery is over. */
export async function takeLockFile(delivery: AppendDelivery): Promise<Step<Octets>> {
  const { set, path, batch } = delivery;
  const { clock, files } = batch.services;
  const lock = `${path}.lock`;
  for (let attempt = Math.max(1, set.lock_retries); attempt > 0; attempt--) {
    const linked = linkLock(delivery, lock);
    if (linked.kind !== 'ok' || linked.value) return linked.kind === 'ok' ? done(lock) : linked;
    const found = files.stat(lock);
    const isStale = found.kind === 'ok' && set.lockfile_timeout > 0 && clock.now() - found.value.mtimeMs > set.lockfile_timeout * 1000;
    if (isStale && files.unlink(lock).kind === 'ok') continue;
    await clock.sleep(set.lock_interval * 1000, batch.until);
    if (batch.until.signal.aborted) break;
  }
  return failing({ number: eximErrno.lockFailed, message: `failed to lock mailbox ${path} (lock file)` });
}

/** True: the lock is ours. */
function linkLock({ set, batch }: AppendDelivery, lock: Octets): Step<boolean> {
  const { clock, files, machine } = batch.services;
  const post = `${lock}.${batch.frame.config.main.primary_hostname ?? machine.hostName}.${hex(Math.floor(clock.now() / 1000))}.${hex(machine.pid)}`;
  const opened = files.open(post, 'create-exclusive', set.lockfile_mode, true);
  if (opened.kind === 'error') {
    return refused(opened, `creating lock file hitching post ${post} (euid=${machine.effectiveUid()} egid=${machine.effectiveGid()})`);
  }
  opened.value.chmod(set.lockfile_mode);
  opened.value.close();
  const linked = files.link(post, lock);
  const links = linked.kind === 'ok' ? 2 : countLinks(files.stat(post));
  files.unlink(post);
  return done(links === 2);
}

function countLinks(found: ReturnType<AppendDelivery['batch']['services']['files']['stat']>): number {
  return found.kind === 'ok' ? found.value.links : 0;
}

function hex(value: number): Octets {
  return value.toString(16).padStart(8, '0');
}
