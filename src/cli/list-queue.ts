/** `-bp` and its letters (mailq). Spec ch. 5 "-bp". */
import { countQueue, listQueue } from '../deliver/queue-list.ts';
import type { ModeRunner } from './mode.ts';
import { openForMode } from './open.ts';

export const runListQueue: ModeRunner = async (context) => {
  const { invocation, io, system } = context;
  const opened = await openForMode(context);
  if (opened.kind === 'exit') return opened.status;
  const { runtime, caller } = opened;
  const mode = invocation.mode;
  if (mode?.kind !== 'list-queue') return 1;
  if (!caller.isAdmin && runtime.config.main.queue_list_requires_admin) {
    io.stderr.write('exim: Permission denied\n');
    return 1;
  }
  if (mode.what === 'count') io.stdout.write(`${countQueue(runtime.spool)}\n`);
  else if (mode.what === 'ids') for (const id of runtime.spool.scan()) io.stdout.write(`${id}\n`);
  else {
    const options = {
      undeliveredOnly: mode.what === 'undelivered',
      showsGenerated: mode.what === 'all-addresses',
      isUnsorted: mode.isUnsorted,
      ids: invocation.words,
    };
    for (const text of listQueue(runtime.spool, system.clock.now(), options)) io.stdout.write(text);
  }
  opened.close();
  return 0;
};
