/** `-brw`: what the rewriting rules make of an address. Spec ch. 5 "-brw". */
import { untilAborted } from '../core/index.ts';
import { rewriteTestLines } from '../rewrite/test-lines.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export const runRewriteTest: ModeRunner = async (context) => {
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { runtime } = opened;
  const { words } = context.invocation;
  if (words.length === 0) {
    context.io.stderr.write('exim: -brw needs one or more address arguments\n');
    return 1;
  }
  const lifetime = new AbortController();
  for (const word of words) {
    for (const line of await rewriteTestLines(word, runtime.frame(untilAborted(lifetime.signal)))) context.io.stdout.write(`${line}\n`);
  }
  lifetime.abort();
  opened.close();
  return 0;
};
