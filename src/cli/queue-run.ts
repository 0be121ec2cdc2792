/** `-q` and its letters, `-R`, `-S`: one pass over the queue. Spec ch. 5 "-q". */
import { untilAborted } from '../core/index.ts';
import { type QueueRunOptions, runQueue } from '../deliver/queue-run.ts';
import { deliverById } from '../deliver/run.ts';
import type { AddressSelection, Invocation } from './invocation.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';
import { queueRunOptions } from './queue-run-options.ts';
import { handToDaemon, withoutConfigChoice } from './submission.ts';

export const runQueueRun: ModeRunner = async (context) => {
  const opened = await openForMode(context, { delivers: true });
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller, deliveries } = opened;
  if (!caller.isAdmin && runtime.config.main.prod_requires_admin) {
    context.io.stderr.write('exim: permission denied\n');
    opened.close();
    return 1;
  }
  const handed = await handToDaemon(context, runtime.config.startup.spoolDirectory, withoutConfigChoice(context.argv));
  if (handed !== undefined) {
    opened.close();
    return handed;
  }
  const until = untilAborted(deliveries.signal);
  await runQueue(
    deliveries.parts(),
    optionsOf(context.invocation),
    (id, reason) => deliverById(deliveries.parts(), id, reason, until),
    until,
  );
  await deliveries.finish();
  opened.close();
  return 0;
};

function optionsOf({ queue, selectRecipient, selectSender }: Invocation): QueueRunOptions {
  const strongest = [queue?.force, selectRecipient?.force, selectSender?.force];
  return {
    ...(queue ? queueRunOptions(queue) : {}),
    force: strongest.includes('frozen') ? 'ff' : strongest.includes('retry') ? 'f' : 'none',
    ...(selectRecipient ? { recipient: selection(selectRecipient) } : {}),
    ...(selectSender ? { sender: selection(selectSender) } : {}),
    ...(queue?.fromId === undefined ? {} : { fromId: queue.fromId }),
    ...(queue?.toId === undefined ? {} : { toId: queue.toId }),
    concurrency: 1,
  };
}

function selection({ text, isRegex }: AddressSelection): { readonly text: string; readonly isRegex: boolean } {
  return { text, isRegex };
}
