/** `-brw`: what the rewriting rules make of an address. Spec ch. 5 "-brw". */
import type { Octets } from '../base/octets.ts';
import { untilAborted } from '../core/index.ts';
import type { Runtime } from '../process/runtime.ts';
import { rewriteTestLines } from '../rewrite/test-lines.ts';
import type { Output } from '../system/standard-streams.ts';
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
  if (runtime.config.rewriteRules.length === 0) context.io.stdout.write('No rewrite rules are defined\n');
  else await showRewriting(words, runtime, context.io.stdout);
  opened.close();
  return 0;
};

async function showRewriting(words: readonly Octets[], runtime: Runtime, stdout: Output): Promise<void> {
  const lifetime = new AbortController();
  for (const word of words) {
    for (const line of await rewriteTestLines(word, runtime.frame(untilAborted(lifetime.signal)))) stdout.write(`${line}\n`);
  }
  lifetime.abort();
}
