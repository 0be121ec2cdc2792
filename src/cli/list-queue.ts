/** `-bp` and its letters (mailq). Spec ch. 5 "-bp". */
import type { Octets } from '../base/octets.ts';
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
    io.stderr.write('exim: permission denied\n');
    return 1;
  }
  if (mode.what === 'count') io.stdout.write(`${countQueue(runtime.spool)}\n`);
  else if (mode.what === 'ids')
    io.stdout.write(
      runtime.spool
        .scan()
        .map((id) => `${id}\n`)
        .join(''),
    );
  else {
    const options = {
      undeliveredOnly: mode.what === 'undelivered',
      showsGenerated: mode.what === 'all-addresses',
      isUnsorted: mode.isUnsorted,
      ids: invocation.words,
    };
    writeAll(listQueue(runtime.spool, system.clock.now(), options), io.stdout);
  }
  opened.close();
  return 0;
};

const WRITE_BYTES = 32_768;

/** Many short texts in few writes; what is ready does not wait for the end of a long queue. */
function writeAll(texts: Iterable<Octets>, output: { write(octets: Octets): void }): void {
  let waiting = '';
  for (const text of texts) {
    waiting += text;
    if (waiting.length < WRITE_BYTES) continue;
    output.write(waiting);
    waiting = '';
  }
  if (waiting !== '') output.write(waiting);
}
