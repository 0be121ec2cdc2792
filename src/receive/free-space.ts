/** Whether the disks have room for another message. Spec ch. 14 "check_spool_space" and its relatives. */
import type { Octets } from '../base/octets.ts';
import type { Config, Services } from '../core/index.ts';
import { parseLogPath } from '../logging/paths.ts';

type SpaceServices = Pick<Services, 'machine' | 'build' | 'log'>;

/** `messageKib`: the size that the message will have, where it is known (SIZE of MAIL). A shortage is told in the log. */
export function hasFreeSpace(config: Config, services: SpaceServices, messageKib = 0): boolean {
  const { main, startup } = config;
  const spool = { kib: main.check_spool_space + messageKib, inodes: main.check_spool_inodes };
  if (!isFree(services, 'spool', startup.spoolDirectory, spool)) return false;
  if (main.check_log_space <= 0 && main.check_log_inodes <= 0) return true;
  const { file } = parseLogPath(startup.logFilePath, services.build.logFilePath, startup.spoolDirectory);
  if (file === undefined) return true; // syslog only
  const directory = file.slice(0, Math.max(1, file.lastIndexOf('/')));
  return isFree(services, 'log', directory, { kib: main.check_log_space, inodes: main.check_log_inodes });
}

/** What cannot be found out is no shortage. */
function isFree(
  { machine, log }: SpaceServices,
  what: 'spool' | 'log',
  path: Octets,
  wanted: { readonly kib: number; readonly inodes: number },
): boolean {
  if (wanted.kib <= 0 && wanted.inodes <= 0) return true;
  const free = machine.freeSpace(path);
  const isShort = (free.kib >= 0 && free.kib < wanted.kib) || (free.inodes >= 0 && free.inodes < wanted.inodes);
  if (isShort) log.main(`${what} directory space check failed: space=${free.kib} inodes=${free.inodes}`);
  return !isShort;
}
