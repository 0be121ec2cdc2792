/** The reference program as a daemon, in a network namespace of its own, on the configuration that is mounted where it looks for one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../../e2e/support/wait.ts';
import type { Bench } from './bench.ts';
import type { RunningServer } from './run.ts';

/** Its configuration is `exim4.conf` in the folder that is mounted there. */
export async function startReference(path: string, { folder, ports }: Bench): Promise<RunningServer | string> {
  const child = spawn(path, ['-bdf'], { cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('latin1').on('data', (text: string) => (output += text));
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const log = join(folder, 'log/mainlog');
  await waitFor(
    'the reference daemon',
    () => child.exitCode !== null || (existsSync(log) && readFileSync(log, 'latin1').includes(' daemon started')),
  );
  if (child.exitCode !== null) return output;
  return {
    ports,
    idle: async () => void (await waitFor('no other process of the reference', () => othersOf(child) === 0)),
    stop: async () => {
      child.kill();
      await exited;
      await waitFor('no process of the reference', () => othersOf(child) === 0);
    },
  };
}

/** Processes of the program in this namespace without the daemon. */
function othersOf(daemon: ChildProcess): number {
  const own = readlinkSync('/proc/self/ns/net');
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== daemon.pid && isReference(pid, own)).length;
}

function isReference(pid: string, network: string): boolean {
  try {
    if (!/^\d+ \(exim4?\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return false;
    return readlinkSync(`/proc/${pid}/ns/net`) === network;
  } catch {
    return false; // it has ended
  }
}
