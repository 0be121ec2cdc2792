/** `-z`: writes a line to the main log, for administrators. Spec ch. 5 "-z". */
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export const runLogLine: ModeRunner = async (context) => {
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller } = opened;
  if (!caller.isAdmin) {
    context.io.stderr.write('exim: permission denied\n');
    return 1;
  }
  const mode = context.invocation.mode;
  if (mode?.kind === 'log-line') runtime.services.log.main(mode.text);
  opened.close();
  return 0;
};
