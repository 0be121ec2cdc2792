/**
 * Effective and real ids of this process. A command line of root runs with the effective ids of Exim's user and keeps root only as its real or saved id,
 * to start the agent; long-lived processes give root up for good (`becomeIdentity` in privilege.ts).
 */
import type { Octets } from '../base/octets.ts';
import type { Identity } from '../core/ports.ts';

export interface Ids {
  readonly realUid: number;
  readonly effectiveUid: number;
  readonly realGid: number;
}

export function currentIds(): Ids {
  return { realUid: process.getuid?.() ?? 0, effectiveUid: process.geteuid?.() ?? 0, realGid: process.getgid?.() ?? 0 };
}

/** Supplementary groups of this process. */
export function currentGroups(): readonly number[] {
  return process.getgroups?.() ?? [];
}

/** The launcher left another effective uid: it is given up before anything else happens (DESIGN 3.11). */
export function dropToRealUser(): void {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** Runs as Exim's user from here on, with its groups; `asRoot` still works. Nothing happens without root. */
export function actAsExim(user: { readonly name: Octets; readonly uid: number }, gid: number): void {
  if (process.geteuid?.() !== 0) return;
  const { initgroups } = process as unknown as { initgroups: (user: string | number, gid: number) => void }; // in Node since 0.9, not in its types
  initgroups.call(process, user.name === '' ? user.uid : user.name, gid);
  process.setegid?.(gid);
  process.seteuid?.(user.uid);
}

/** Synchronously, with root's effective ids, as far as this process may still have them. */
export function asRoot<T>(action: () => T): T {
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  if (uid === 0) return action();
  process.seteuid?.(0);
  process.setegid?.(0);
  try {
    return action();
  } finally {
    process.setegid?.(gid);
    process.seteuid?.(uid);
  }
}

/** Synchronously, with the effective ids and groups of a user. Nothing changes for undefined, or when this process may not change. */
export function asUser<T>(identity: Identity | undefined, action: () => T): T {
  if (identity === undefined || identity.uid === process.geteuid?.()) return action();
  return asRoot(() => {
    const groups = process.getgroups?.() ?? [];
    const gid = process.getegid?.() ?? 0;
    if (process.geteuid?.() !== 0) return action();
    const { initgroups } = process as unknown as { initgroups: (user: string | number, gid: number) => void }; // in Node since 0.9, not in its types
    if (identity.initgroupsFor === undefined) process.setgroups?.([identity.gid]);
    else initgroups.call(process, identity.initgroupsFor, identity.gid);
    process.setegid?.(identity.gid);
    process.seteuid?.(identity.uid);
    try {
      return action();
    } finally {
      process.seteuid?.(0);
      process.setegid?.(gid);
      process.setgroups?.([...groups]);
    }
  });
}
