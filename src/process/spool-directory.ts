/** The spool and log directories are made while the process is root: what works in them is Exim's user, who may not make them. */
import type { Octets } from '../base/octets.ts';
import type { Config, Files, StartupSettings } from '../core/index.ts';
import { logSettings, makeLogDirectory } from '../logging/log.ts';

/** In the spool directory: where a daemon takes orders of root and of Exim's user. */
export const CONTROL_SOCKET = 'eximius-control';
const SPOOL_MODE = 0o750;

/** Needed before the first file; made by root, or left empty by root, it is given to Exim's user. */
export function makeSpoolDirectory(files: Files, { spoolDirectory, eximUid, eximGid }: StartupSettings, isRoot: boolean): void {
  const made = files.mkdir(spoolDirectory, SPOOL_MODE);
  if (isRoot && (made.kind === 'ok' || isUnused(files, spoolDirectory))) files.chown(spoolDirectory, eximUid, eximGid);
}

function isUnused(files: Files, directory: Octets): boolean {
  const facts = files.stat(directory);
  if (facts.kind === 'error' || facts.value.uid !== 0) return false;
  const names = files.list(directory);
  return names.kind === 'ok' && names.value.length === 0;
}

/** As the daemon makes it with its first line. */
export function makeLogDirectoryOf(files: Files, { main, build, startup }: Config, isRoot: boolean): void {
  if (!isRoot) return;
  const owner = { uid: startup.eximUid, gid: startup.eximGid };
  makeLogDirectory(files, logSettings(main, build, startup.logFilePath, startup.spoolDirectory, owner));
}
