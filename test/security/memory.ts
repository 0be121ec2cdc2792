/** The memory of a process while something is done to it. */
import { readFileSync, writeFileSync } from 'node:fs';

/** How far resident memory grew above what it was before, at its highest, in MiB. */
export async function peakGrowthMiB(pid: number, act: () => Promise<void>): Promise<number> {
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the highest so far is forgotten
  const before = statusKib(pid, 'VmHWM');
  await act();
  return (statusKib(pid, 'VmHWM') - before) / 1024;
}

function statusKib(pid: number, name: 'VmHWM'): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
