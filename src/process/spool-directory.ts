/** The spool directory is made while the process is root: what works in it is Exim's user, who may not make it. */
import type { Files, StartupSettings } from '../core/index.ts';

const SPOOL_MODE = 0o750;

export function makeSpoolDirectory(files: Files, { spoolDirectory, eximUid, eximGid }: StartupSettings, isRoot: boolean): void {
  const made = files.mkdir(spoolDirectory, SPOOL_MODE);
  if (made.kind === 'ok' && isRoot) files.chown(spoolDirectory, eximUid, eximGid);
}
