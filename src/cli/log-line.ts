/** `-z`: writes a line to the main log, for administrators. Spec ch. 5 "-z". */
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export const runLogLine: ModeRunner = async (context) => {
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller } = opened;
  if (!caller.isAdmin) return 1; // without a word, as Exim
  const mode = context.invocation.mode;
  if (mode?.kind === 'log-line') runtime.services.log.main(mode.text);
  opened.close();
  return 0;
};
