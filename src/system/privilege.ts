/** Giving up root for good: groups, then gid, then uid (`spawn({ uid })` would drop the groups). DESIGN 3.10. */
import { unicodeFromOctets } from '../base/octets.ts';
import type { Identity, SystemResult } from '../core/ports.ts';
import { attempt, done, failure } from './failure.ts';

/** Only root can become another; afterwards there is no way back, which is tried. */
export function becomeIdentity(identity: Identity): SystemResult<void> {
  if (identity.uid === 0) return failure('EPERM', 'root is no identity to become');
  const { geteuid, setgroups, setgid, setuid } = process;
  const initgroups: unknown = Reflect.get(process, 'initgroups'); // in Node, not in its types
  if (!geteuid || !setgroups || !setgid || !setuid || typeof initgroups !== 'function') return failure('ENOSYS');
  if (geteuid.call(process) !== 0) return isIdentity(identity) ? done : failure('EPERM', `this process cannot become uid ${identity.uid}`);
  const changed = attempt(() => {
    const name = identity.initgroupsFor === undefined ? undefined : unicodeFromOctets(identity.initgroupsFor);
    if (name === undefined) setgroups.call(process, [identity.gid]);
    else initgroups.call(process, name, identity.gid);
    setgid.call(process, identity.gid);
    setuid.call(process, identity.uid);
  });
  if (changed.kind === 'error') return changed;
  if (!isIdentity(identity) || attempt(() => setuid.call(process, 0)).kind === 'ok') return failure('EPERM', 'root was not given up');
  return done;
}

function isIdentity({ uid, gid }: Identity): boolean {
  return process.getuid?.() === uid && process.geteuid?.() === uid && process.getgid?.() === gid && process.getegid?.() === gid;
}
