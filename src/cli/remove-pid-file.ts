/** `-oPX`: the daemon's pid file is removed, for who may write where it lies. Spec ch. 5 "-oPX". */
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export const runRemovePidFile: ModeRunner = async (context) => {
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const path = context.invocation.listen.pidFile ?? opened.runtime.config.startup.pidFilePath;
  if (path !== '') context.system.files.unlink(path);
  opened.close();
  return 0;
};
