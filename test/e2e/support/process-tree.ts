/** The processes of a daemon, by what they do. Only processes below one that a test started are looked at. */
import { readdirSync, readFileSync } from 'node:fs';

export type Role = 'supervisor' | 'worker' | 'agent' | 'agent-child' | 'spawner' | 'other';

export interface DaemonProcess {
  readonly pid: number;
  readonly role: Role;
}

/** The supervisor and everything below it. */
export function processTree(supervisor: number): DaemonProcess[] {
  const parents = parentOfEach();
  const found: DaemonProcess[] = [{ pid: supervisor, role: 'supervisor' }];
  for (const parent of found) for (const [pid, of] of parents) if (of === parent.pid) found.push({ pid, role: roleOf(pid) });
  return found;
}

export function roleOf(pid: number): Role {
  const role = /--eximius-role=([a-z-]+)/.exec(readProc(`${pid}/cmdline`))?.[1];
  return role === 'worker' || role === 'agent' || role === 'agent-child' || role === 'spawner' ? role : 'other';
}

function parentOfEach(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^[0-9]+$/.test(name) ? /\) [A-Z] ([0-9]+) /.exec(readProc(`${name}/stat`))?.[1] : undefined;
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  return parents;
}

/** Empty when the process is gone. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}
